import { defineConfig } from 'vitest/config'

// Not a project of the usual run: `npm run test:sdks` installs what these tests talk to, and then runs them.
export default defineConfig({
  test: {
    include: ['test/sdks/*.test.ts'],
    testTimeout: 60_000,
    // The files wait for programs and for silence more than they work: all at once, whatever the machine has.
    maxWorkers: 6,
  },
})

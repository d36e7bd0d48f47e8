// npm run test:node 24: runs the unit and whole-server tests under that version of Node.
import { run, runAll } from './lib/run.mjs'
import { countTests, describeCounts, vitest } from './lib/vitest.mjs'

const version = process.argv[2] ?? ''
if (!/^\d+(\.\d+){0,2}$/.test(version)) {
  console.error('Usage: npm run test:node VERSION, for example: npm run test:node 24')
  process.exit(1)
}
const report = `node-${version}`

await runAll(['node', 'scripts/build.mjs'])
const code = await run(['npx', '-y', '-p', `node@${version}`, 'node', ...vitest(report, 'unit', 'server')])
console.log(`\nNode ${version}: ${describeCounts(countTests(report))}`)
process.exit(code)

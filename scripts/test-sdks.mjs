// npm run test:sdks: installs official SDKs of other languages where git ignores them, and lets them be the referees.
import { spawnSync } from 'node:child_process'
import { complaintsAfter } from './lib/conformance.mjs'
import { run } from './lib/run.mjs'
import { languages } from './lib/sdks.mjs'
import { countTests, describeCounts, vitest } from './lib/vitest.mjs'

checkTools()
await Promise.all(languages.map(install))
const code = await run(['node', ...vitest('sdks'), '--config', 'test/sdks/vitest.config.ts'])
console.log(`\nSDKs: ${describeCounts(countTests('sdks'))}`)
const complaints = code === 0 ? complaintsAfter('sdks') : []
for (const complaint of complaints) console.error(complaint)
process.exit(complaints.length > 0 ? 1 : code)

/** A machine without a language could not tell whether its SDKs still work: that is a failure, not a skip. */
function checkTools() {
  const lacking = languages
    .flatMap(({ tools }) => tools)
    .filter(({ probe: [program = '', ...parameters] }) => spawnSync(program, parameters).status !== 0)
  if (lacking.length === 0) return
  const names = lacking.map(({ probe }) => probe[0]).join(', ')
  const packages = lacking.map(({ debian }) => debian).join(' ')
  console.error(`npm run test:sdks needs what is not installed (${names}): apt install ${packages}`)
  process.exit(1)
}

/** @param {import('./lib/sdks.mjs').Language} language */
async function install({ folder, install: commands, env }) {
  for (const command of commands) {
    const code = await run(command, env, folder)
    if (code === 0) continue
    console.error(`${command.join(' ')} ended with exit code ${code}; what it said stands above.`)
    process.exit(code)
  }
}

// npm test: builds, then checks types and style and runs all tests; the first step that fails ends it.
import { complaintsAfter } from './lib/conformance.mjs'
import { missing } from './lib/needs.mjs'
import { run } from './lib/run.mjs'
import { countTests, describeCounts, vitest } from './lib/vitest.mjs'

/** @type {readonly (readonly [name: string, command: readonly string[]])[]} */
const steps = [
  ['build', ['node', 'scripts/build.mjs']],
  ['types', ['tsc', '-p', 'tsconfig.json']],
  ['lint', ['npm', 'run', '--silent', 'lint']],
  ['tests', ['node', ...vitest('test')]],
]

await prepare()
/** @type {string[]} */
const summary = []
for (const [name, command] of steps) {
  console.log(`\n── ${name}`)
  const start = performance.now()
  const code = await run(command)
  summary.push(`${name.padEnd(6)} ${((performance.now() - start) / 1000).toFixed(1).padStart(6)} s`)
  if (code !== 0) stop(name, code)
}
const counts = countTests('test')
finish(describeCounts(counts))
if (counts.skipped > 0) {
  console.error('Skipped tests count as a failure: what cannot run here must say so by failing.')
  process.exit(1)
}
const complaints = complaintsAfter('test')
for (const complaint of complaints) console.error(complaint)
if (complaints.length > 0) process.exit(1)

/** Installs what is missing where that is harmless, and otherwise says what to do. */
async function prepare() {
  const lacking = missing().map(({ name }) => name)
  if (lacking.length === 0) return
  const harmless = process.getuid?.() === 0 || Boolean(process.env['CI'])
  if (!harmless) {
    console.error(
      `npm test needs ${lacking.join(', ')}, which is not installed: run \`npm run setup\` first.`,
    )
    process.exit(1)
  }
  console.log(`npm test needs ${lacking.join(', ')}, which is not installed: running \`npm run setup\``)
  const code = await run(['node', 'scripts/setup.mjs'])
  if (code !== 0) process.exit(code)
}

/**
 * @param {string} step
 * @param {number} code
 */
function stop(step, code) {
  finish(step === 'tests' ? describeCounts(countTests('test')) : 'no test has run')
  console.error(`Failed: ${step} (exit code ${code}); what it said stands above.`)
  process.exit(code)
}

/** @param {string} line */
function finish(line) {
  console.log(`\n${summary.join('\n')}\n${line}`)
}

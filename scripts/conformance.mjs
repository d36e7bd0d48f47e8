// npm run conformance: writes into docs/conformance.md which tests of the last runs hold which statement.
import { writePart } from './lib/conformance.mjs'
import { countTests } from './lib/vitest.mjs'

const { passed, failed } = countTests('test')
if (passed === 0 || failed > 0) {
  const state = failed > 0 ? `of which ${failed} have failed` : 'which have not run'
  console.error(`docs/conformance.md is made from a run of the tests, ${state}: run \`npm test\` first.`)
  process.exit(1)
}
writePart('test')
const sdks = countTests('sdks').failed === 0 && writePart('sdks')
const rest = sdks ? '' : '; its part about SDKs stays, as `npm run test:sdks` has not run to its end'
console.log(`docs/conformance.md says what the last run has shown${rest}`)

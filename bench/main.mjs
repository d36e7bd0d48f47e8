// npm run bench [-- --quick --check --rounds N ROW…]: what work costs ours and the yardsticks, measured by turns.
import { parseArgs } from 'node:util'
import { ensureBuilt } from './lib/built.mjs'
import { conditions } from './lib/conditions.mjs'
import { pinThisProcess } from './lib/cores.mjs'
import { ensureCompiled } from './lib/programs.mjs'
import { tablesOf } from './lib/table.mjs'
import { bystanders } from './rows/bystanders.mjs'
import { cluster } from './rows/cluster.mjs'
import { delivering } from './rows/delivering.mjs'
import { inProcess } from './rows/in-process.mjs'
import { memory } from './rows/memory.mjs'
import { peers } from './rows/peers.mjs'
import { requests } from './rows/requests.mjs'
import { transports } from './rows/transports.mjs'

/** @type {readonly import('./lib/row.mjs').Row[]} */
const rows = [
  ...delivering,
  ...requests,
  inProcess,
  ...memory,
  ...bystanders,
  ...peers,
  ...transports,
  ...cluster,
]

const { values: flags, positionals: names } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    rounds: { type: 'string' },
  },
  allowPositionals: true,
})
const unknown = names.filter((name) => !rows.some((row) => row.name === name))
if (unknown.length > 0) {
  console.error(`No row ${unknown.join(', ')}; there are: ${rows.map(({ name }) => name).join(', ')}`)
  process.exit(1)
}
const chosen = rows.filter(({ name, when }) =>
  names.length > 0 ? names.includes(name) : when === 'quick' || (when === 'full' && !flags.quick),
)
const pairs = Number(flags.rounds ?? (flags.quick ? 3 : 5))
if (!Number.isInteger(pairs) || pairs < 1) {
  console.error(`--rounds ${flags.rounds} is not a number of rounds, such as 25`)
  process.exit(1)
}
const plan = flags.quick
  ? { pairs, warmup: 0.3, duration: 0.7, quick: true }
  : { pairs, warmup: 1, duration: 2, quick: false }

await ensureBuilt()
ensureCompiled()
pinThisProcess()
console.log(conditions(plan))

const lines = []
for (const row of chosen) {
  process.stderr.write(`${row.name} …\n`)
  lines.push(...(await row.measure(plan)))
}
console.log(`\n${tablesOf(lines)}`)

const missed = lines.filter(({ met }) => !met).length
if (missed > 0) console.log(`\n${missed} of ${lines.length} lines miss what is asked for`)
process.exit(flags.check && missed > 0 ? 1 : 0)

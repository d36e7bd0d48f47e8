// npm run simulate: many schedules, or one with its trace.
import { parseArgs } from 'node:util'
import { shrink } from './shrink.ts'
import { type Outcome, simulateSeed } from './simulate.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    schedules: { type: 'string', default: '10000' },
    from: { type: 'string', default: '1' },
    'go-on': { type: 'boolean', default: false },
  },
})

if (values.seed === undefined) await runMany(Number(values.from), Number(values.schedules), values['go-on'])
else await replay(Number(values.seed))

async function runMany(from: number, count: number, goOn: boolean): Promise<void> {
  const begun = process.hrtime.bigint()
  const failures: Outcome[] = []
  let steps = 0
  for (let seed = from; seed < from + count && (goOn || failures.length === 0); seed++) {
    const outcome = await simulateSeed(seed)
    steps += outcome.steps
    if (outcome.violation !== undefined) failures.push(outcome)
    if ((seed - from + 1) % 1_000 === 0)
      console.log(`${seed - from + 1} schedules, ${failures.length} failures`)
  }
  const seconds = Number(process.hrtime.bigint() - begun) / 1e9
  console.log(`${count} schedules, ${steps} steps, ${seconds.toFixed(1)} s, ${failures.length} failures`)
  for (const { schedule, violation } of failures) {
    console.log(`seed ${schedule.seed}: (${violation?.oracle}) ${violation?.what.slice(0, 160)}`)
  }
  const [first] = failures
  if (first === undefined) return
  if (!goOn) console.log((await shrink(first)).trace.slice(-60).join('\n'))
  console.log(`Replay: npm run simulate -- --seed ${first.schedule.seed}`)
  process.exitCode = 1
}

async function replay(seed: number): Promise<void> {
  const outcome = await simulateSeed(seed, true)
  const shown = outcome.violation === undefined ? outcome : await shrink(outcome)
  const { actions, ...frame } = shown.schedule
  console.log(`${JSON.stringify(frame)}\n${shown.trace.join('\n')}`)
  console.log(outcome.violation === undefined ? 'Nothing was wrong.' : `Shrunk to ${actions.length} actions.`)
  if (outcome.violation !== undefined) process.exitCode = 1
}

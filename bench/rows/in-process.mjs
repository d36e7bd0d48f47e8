import { script } from '../lib/contestants.mjs'
import { inBackground } from '../lib/load.mjs'
import { atMost } from '../lib/row.mjs'
import { Server } from '../lib/server.mjs'
import { describeSpread, spreadOf } from '../lib/statistics.mjs'

const subscribers = 1000

/**
 * `await broadcast(event)` beside the server's own `publish`, in one process and to the same subscribers.
 * @type {import('../lib/row.mjs').Row}
 */
export const inProcess = {
  name: 'broadcast',
  when: 'full',
  async measure({ pairs, duration }) {
    const server = await Server.start(script('in process', import.meta.resolve('../in-process.mjs')))
    const crowd = await inBackground(server, { mode: 'idle', conns: subscribers })
    const cost = (/** @type {string} */ way) => server.ask({ way, seconds: duration })
    await cost('publish')
    await cost('broadcast')
    const rounds = []
    for (let round = 0; round < pairs; round++) {
      const first = await cost(round % 2 === 0 ? 'publish' : 'broadcast')
      const second = await cost(round % 2 === 0 ? 'broadcast' : 'publish')
      rounds.push(
        round % 2 === 0 ? { publish: first, broadcast: second } : { publish: second, broadcast: first },
      )
    }
    await crowd.stop()
    await server.stop()
    const ratio = spreadOf(rounds.map(({ publish, broadcast }) => broadcast / publish))
    const each = spreadOf(rounds.map(({ broadcast }) => broadcast / subscribers)).median
    return [
      {
        work: "CPU of await broadcast(event) to 1000 subscribers, to that of the server's publish()",
        figure: describeSpread(ratio),
        ...atMost(ratio.median, 1.1),
        absolute: `${each.toFixed(1)} µs for each subscriber`,
      },
    ]
  },
}

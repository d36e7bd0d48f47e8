import { csrvSend, naiveHttp, send } from '../lib/contestants.mjs'
import { compared } from '../lib/row.mjs'

/** Several addresses, so that the ports of closed connections do not run out. */
export const churn = { mode: 'churn', conns: 64, sources: 8 }

/** What has a price per request, not per recipient. */
export const requests = [
  compared({
    name: 'publish',
    work: 'signed HTTP publishes to 1 subscriber, 16 in flight',
    when: 'quick',
    load: { conns: 1, payload: 128, window: 16, 'pub-conns': 16 },
    yardsticks: [
      { contestant: naiveHttp, load: { conns: 0, payload: 128, 'pub-conns': 16, window: 16 }, atLeast: 0.75 },
      { contestant: csrvSend },
    ],
  }),
  compared({
    name: 'connect',
    work: 'connect, subscribe, close',
    when: 'quick',
    load: churn,
    yardsticks: [{ contestant: send, atLeast: 1.4 }, { contestant: csrvSend }],
  }),
]

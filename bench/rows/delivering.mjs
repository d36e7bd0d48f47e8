import { csrvCoalesce, csrvSend, raw, reverb, send } from '../lib/contestants.mjs'
import { compared } from '../lib/row.mjs'

const unlimited = reverb({
  name: 'ours, client events unlimited',
  env: { REVERB_CLIENT_EVENT_RATE: '0', REVERB_MESSAGE_RATE: '0' },
})
const members = { conns: 1000, payload: 128, prefix: 'private-b-' }

/** One event to many sockets. */
export const delivering = [
  compared({
    name: '128b',
    work: '1000 subscribers, 128 B, one at a time',
    when: 'quick',
    load: { conns: 1000, payload: 128 },
    yardsticks: [
      { contestant: raw, atLeast: 1 },
      { contestant: send, atLeast: 1.2 },
      { contestant: csrvSend },
    ],
  }),
  compared({
    name: '1k',
    work: '1000 subscribers, 1 KiB, one at a time',
    load: { conns: 1000, payload: 1024 },
    yardsticks: [{ contestant: raw, atLeast: 1 }, { contestant: send }, { contestant: csrvSend }],
  }),
  compared({
    name: '10k',
    work: '1000 subscribers, 10 KiB, one at a time',
    load: { conns: 1000, payload: 10_240 },
    yardsticks: [{ contestant: raw, atLeast: 0.97 }, { contestant: send }, { contestant: csrvSend }],
  }),
  compared({
    name: 'burst-4',
    work: '1000 subscribers, 128 B, 4 at once',
    load: { conns: 1000, payload: 128, burst: 4 },
    yardsticks: [{ contestant: csrvCoalesce, atLeast: 0.6 }, { contestant: raw }],
  }),
  compared({
    name: 'burst-16',
    work: '1000 subscribers, 128 B, 16 at once',
    when: 'quick',
    load: { conns: 1000, payload: 128, burst: 16 },
    yardsticks: [
      { contestant: csrvCoalesce, atLeast: 0.65 },
      { contestant: raw, atLeast: 6 },
    ],
  }),
  compared({
    name: 'channels',
    work: '10 000 connections over 1000 channels, 16 in flight',
    load: { conns: 10_000, channels: 1000, payload: 128, window: 16 },
    yardsticks: [{ contestant: raw, atLeast: 0.9 }, { contestant: csrvSend }],
  }),
  compared({
    name: 'subscribers',
    work: '10 000 subscribers of one channel, 128 B',
    load: { conns: 10_000, payload: 128 },
    yardsticks: [{ contestant: raw, atLeast: 1 }, { contestant: csrvSend }],
  }),
  compared({
    name: 'client-events',
    work: 'client events among 1000 members, 128 B',
    when: 'quick',
    contestant: unlimited,
    load: { mode: 'client', ...members },
    yardsticks: [
      { contestant: unlimited, name: 'our own publishes over HTTP', load: members, atLeast: 0.95 },
      { contestant: csrvSend },
    ],
  }),
]

import { library } from './library.ts'
import { script } from './script.ts'

/** `Ledger.state`. After the command: app and channel, joined by a colon. */
export const state = script(
  library,
  `
local known = redis.call('HMGET', root .. 'place:' .. ARGV[2], 'version', 'subscriptions')
return { known[1] or '0', known[2] or '0', redis.call('HGETALL', root .. 'users:' .. ARGV[2]) }
`,
)

/** A part of `Ledger.occupied`. After the command: app, cursor, pattern. */
export const occupied = script(
  library,
  `return redis.call('HSCAN', root .. 'occupied:' .. ARGV[2], ARGV[3], 'MATCH', ARGV[4], 'COUNT', 1000)`,
)

/** `Ledger.connections`. After the command: the app. */
export const connections = script(library, `return redis.call('HVALS', root .. 'app:' .. ARGV[2])`)

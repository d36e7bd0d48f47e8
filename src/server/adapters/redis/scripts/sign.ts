import { library } from './library.ts'
import { script } from './script.ts'
import { users } from './users.ts'

/** `Ledger.sign`. After the command: node, turn, deadline, app and user, whether signed in. */
export const sign = script(
  library,
  users,
  `
local node, user = ARGV[2], ARGV[5]
if not speaks(node, ARGV[3], ARGV[4]) then return 'stale' end
if ARGV[6] ~= '1' then
  sign_out(node, user)
  return 0
end
local key = root .. 'user:' .. user
local first = redis.call('EXISTS', key) == 0
redis.call('SADD', key, node)
remain(key)
note(node, 'u' .. user)
return first and not take_back('u' .. user) and 1 or 0
`,
)

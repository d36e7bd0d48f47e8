import { library } from './library.ts'
import { places } from './places.ts'
import { script } from './script.ts'
import { users } from './users.ts'

/** `Ledger.reap`, and with a third argument, `1`, a step of `Ledger.forget`, which ends the lease first. */
export const reap = script(
  library,
  places,
  users,
  `
local node = ARGV[2]
-- Ended, not forgotten: should the rest never be asked for, others find it.
if ARGV[3] == '1' then redis.call('ZADD', root .. 'nodes', 'XX', '0', node) end
if alive(node) then return 1 end

local index = root .. 'node:' .. node

-- A part is what keeps others waiting for some milliseconds at most.
local part = 500

-- Where the node has more users than that, the last of them take its subscriptions along. Answers how much work it was.
local function leave_place(name)
  local app, channel = string.match(name, '^([^:]*):(.*)$')
  local place = place_of(app, channel)
  local subscriptions, counted, settled = said_before(place, node)
  local held = root .. 'held:' .. node .. ':' .. name
  local remove = redis.call('SRANDMEMBER', held, part)
  if redis.call('SCARD', held) == #remove then subscriptions = 0 end
  change(place, node, {
    subscriptions = subscriptions, counted = counted, settled = settled, keep = 0, limit = 0, remove = remove, add = {},
    infos = {},
  })
  return 1 + #remove
end

local work = 0
while work < part do
  local entry = redis.call('SPOP', index)
  if not entry then
    redis.call('ZREM', root .. 'nodes', node)
    redis.call('HDEL', root .. 'renewed', node)
    redis.call('HDEL', root .. 'turns', node)
    return 1
  end
  local kind, name = string.sub(entry, 1, 1), string.sub(entry, 2)
  if kind == 'a' then redis.call('HDEL', root .. 'app:' .. name, node)
  elseif kind == 'u' then sign_out(node, name)
  else work = work + leave_place(name) end
  work = work + 1
end
return 0
`,
)

import { library } from './library.ts'
import { script } from './script.ts'

/**
 * `Ledger.renew`. After the command: node, turn, milliseconds, fresh, and the time at which the lease must not have ended yet.
 * Answers how many are alive, who is expired, the memory, and the end of the lease.
 */
export const renew = script(
  library,
  `
local node, turn = ARGV[2], tonumber(ARGV[3])
if ARGV[5] ~= '1' then
  if not alive(node) then return 'stale' end
  -- A memory of long ago: it may have what the node has given up since, and will not name again.
  if tonumber(redis.call('ZSCORE', root .. 'nodes', node)) < tonumber(ARGV[6]) then return 'stale' end
end
if turn < tonumber(redis.call('HGET', root .. 'turns', node) or 0) then return 'stale' end
redis.call('HSET', root .. 'turns', node, text(turn))
remain(root .. 'turns')
local expires = text(millis + tonumber(ARGV[4]))
redis.call('ZADD', root .. 'nodes', expires, node)
remain(root .. 'nodes')

-- What nobody changes for a week must not expire while its node lives. Each renewal looks after some of it.
local function look_after(entry)
  local kind, name = string.sub(entry, 1, 1), string.sub(entry, 2)
  if kind == 'a' then return remain(root .. 'app:' .. name) end
  if kind == 'u' then return remain(root .. 'user:' .. name) end
  remain(root .. 'place:' .. name)
  remain(root .. 'users:' .. name)
  remain(root .. 'held:' .. node .. ':' .. name)
  remain(root .. 'occupied:' .. string.match(name, '^[^:]*'))
end

local held = root .. 'node:' .. node
local part = redis.call('SSCAN', held, redis.call('HGET', root .. 'renewed', node) or '0', 'COUNT', 50)
for _, entry in ipairs(part[2]) do look_after(entry) end
remain(held)
redis.call('HSET', root .. 'renewed', node, part[1])
remain(root .. 'renewed')

-- memory: what this ledger is called; one that has forgotten everything has forgotten that, too.
local memory = redis.call('GET', root .. 'memory')
if not memory then
  memory = text(micros)
  redis.call('SET', root .. 'memory', memory)
end
remain(root .. 'memory')

return {
  text(redis.call('ZCOUNT', root .. 'nodes', '(' .. text(millis), '+inf')),
  redis.call('ZRANGEBYSCORE', root .. 'nodes', '-inf', text(millis)),
  memory,
  expires,
}
`,
)

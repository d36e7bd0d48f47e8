import { library } from './library.ts'
import { script } from './script.ts'

/** `Ledger.connect`. After the command: node, turn, deadline, app, connections, limit. Answers how many the node has from now on. */
export const connect = script(
  library,
  `
local node, app, connections, limit = ARGV[2], ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])
if not speaks(node, ARGV[3], ARGV[4]) then return 'stale' end
local key = root .. 'app:' .. app
local before = tonumber(redis.call('HGET', key, node) or 0)
if limit > 0 and connections > before then
  local free = limit
  for _, counted in ipairs(redis.call('HVALS', key)) do free = free - tonumber(counted) end
  connections = math.min(connections, before + math.max(0, free))
end
if connections > 0 then
  redis.call('HSET', key, node, text(connections))
  remain(key)
  note(node, 'a' .. app)
else
  redis.call('HDEL', key, node)
  unnote(node, 'a' .. app)
end
return text(connections)
`,
)

import { library } from './library.ts'
import { places } from './places.ts'
import { script } from './script.ts'

/**
 * A part of `Ledger.settle`. After the command: node, turn, deadline, the grace in milliseconds. Answers 1 if there may be more,
 * and the departures.
 */
export const settle = script(
  library,
  places,
  `
if not speaks(ARGV[2], ARGV[3], ARGV[4]) then return 'stale' end

-- A part is what keeps others waiting for some milliseconds at most.
local kept_part, departed_part = 500, 1000

-- Those whose time is over, by place, so that each place is told once.
local due = redis.call('ZRANGEBYSCORE', root .. 'kept', '-inf', text(millis), 'LIMIT', 0, kept_part)
local names, gone = {}, {}
for _, entry in ipairs(due) do
  redis.call('ZREM', root .. 'kept', entry)
  local name, id = string.match(entry, '^([^:]*:[^:]*):(.*)$')
  if not gone[name] then
    gone[name] = {}
    table.insert(names, name)
  end
  table.insert(gone[name], id)
end

for _, name in ipairs(names) do
  local app, channel = string.match(name, '^([^:]*):(.*)$')
  local place = place_of(app, channel)
  local removed, settled = {}, false
  for _, id in ipairs(gone[name]) do
    local user = user_of(place, id)
    if user and user.lives == 0 then
      drop_user(place, id)
      table.insert(removed, id)
      if user.kept == '1' then
        depart('m' .. name .. ':' .. id)
        settled = true
      end
    end
  end
  if #removed > 0 then
    tell(place, {}, {}, removed)
    file(place, false, settled)
  end
end

local latest = text(millis - tonumber(ARGV[5]))
local over = redis.call('ZRANGEBYSCORE', root .. 'departures', '-inf', latest, 'LIMIT', 0, departed_part)
for _, entry in ipairs(over) do redis.call('ZREM', root .. 'departures', entry) end
return { (#due == kept_part or #over == departed_part) and 1 or 0, over }
`,
)

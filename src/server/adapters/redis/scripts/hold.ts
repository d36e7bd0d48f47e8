import { library } from './library.ts'
import { places } from './places.ts'
import { script } from './script.ts'

/**
 * `Ledger.hold`. After the command: node, turn, deadline, app, channel, known, subscriptions, counted, settled, keep, limit, how
 * many are removed, their ids, and id and info of each who is added.
 */
export const hold = script(
  library,
  places,
  `
local node, app, channel, known = ARGV[2], ARGV[5], ARGV[6], tonumber(ARGV[7])
if not speaks(node, ARGV[3], ARGV[4]) then return 'stale' end
local said = {
  subscriptions = tonumber(ARGV[8]),
  counted = ARGV[9] == '1',
  settled = ARGV[10] == '1',
  keep = tonumber(ARGV[11]),
  limit = tonumber(ARGV[12]),
  remove = {},
  add = {},
  infos = {},
}
local last = 13 + tonumber(ARGV[13])
for at = 14, last do table.insert(said.remove, ARGV[at]) end
for at = last + 1, #ARGV, 2 do
  table.insert(said.add, ARGV[at])
  table.insert(said.infos, ARGV[at + 1])
end
local place = place_of(app, channel)
local done = change(place, node, said)
return {
  text(place.version),
  text(done.previous),
  text(place.subscriptions),
  done.occupied and '1' or '0',
  done.added,
  done.removed,
  done.refused,
  done.back,
  known ~= done.previous and redis.call('HGETALL', place.users),
}
`,
)

import { library } from './library.ts'
import { script } from './script.ts'

/** `Ledger.online`. After the command: app and user of each who is asked about; answers 1 or 0 for each. */
export const online = script(
  library,
  `
local answers = {}
for at = 2, #ARGV do
  local there = redis.call('EXISTS', root .. 'user:' .. ARGV[at]) == 1
  there = there or redis.call('ZSCORE', root .. 'departures', 'u' .. ARGV[at])
  answers[#answers + 1] = there and 1 or 0
end
return answers
`,
)

/** What the scripts share that sign users in and out: user:<app>:<user> is the set of lives that have connections of it. */
export const users = `
-- Never leaves a user who is not there.
local function sign_out(node, user)
  local key = root .. 'user:' .. user
  unnote(node, 'u' .. user)
  if redis.call('SREM', key, node) == 1 and redis.call('EXISTS', key) == 0 then depart('u' .. user) end
end
`

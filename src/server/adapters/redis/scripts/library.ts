/**
 * What all scripts of the ledger begin with. `KEYS[1]` is what the names of all keys of the ledger begin with: the names are
 * made here, not declared, which Redis Cluster allows as long as all are in the slot of the declared one. Their hash tag
 * sees to that. `ARGV[1]` is the command that tells others. Numbers travel as text: Redis cuts the fractions off those it
 * answers, and Lua writes large ones with an exponent.
 */
export const library = `
local root = KEYS[1]
local publish = ARGV[1]
local time = redis.call('TIME')
local micros = time[1] * 1000000 + time[2]
local millis = math.floor(micros / 1000)

-- A week: nothing stays for ever. Keys get it when they are made, and again by the renewals of the leases, which go through
-- all that a node holds far more often: each write would otherwise cost up to five commands more.
local lifetime = 604800

local function text(number)
  return string.format('%.0f', number)
end

local function remain(key)
  redis.call('EXPIRE', key, lifetime)
end

-- nodes: a sorted set of lives by the time at which their leases end.
local function alive(node)
  local expires = redis.call('ZSCORE', root .. 'nodes', node)
  return expires and tonumber(expires) > millis
end

-- turns: by life, the number of the connection that it renewed by last. What it asked of an earlier one comes too late, and so
-- does what it has given up by now: it would never hear what that has changed, and nobody would tell of it.
local function speaks(node, turn, deadline)
  return alive(node) and millis <= tonumber(deadline) and redis.call('HGET', root .. 'turns', node) == turn
end

-- node:<life>: the set of what it has, so that it can be found when it is gone. p<place>, a<app> or u<app>:<user>.
local function note(node, entry)
  local key = root .. 'node:' .. node
  if redis.call('SADD', key, entry) == 1 then remain(key) end
end

local function unnote(node, entry)
  redis.call('SREM', root .. 'node:' .. node, entry)
end

-- departures: a sorted set of what is over, by its time, until it is settled or taken back.
-- p<place>, m<place>:<user> or u<app>:<user>.
local function depart(entry)
  redis.call('ZADD', root .. 'departures', text(millis), entry)
  remain(root .. 'departures')
end

local function take_back(entry)
  return redis.call('ZREM', root .. 'departures', entry) == 1
end
`

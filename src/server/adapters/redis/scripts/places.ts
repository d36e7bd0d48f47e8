/**
 * What the scripts share that change places. A place is named <app>:<channel>, both without a colon, and is made of
 *
 * - place:<place>, a hash: version, subscriptions, newcomers (how many ever came, for the order), and life:<life>, what one
 *   life has there, as <subscriptions>:<counted>:<settled>;
 * - users:<place>, a hash: for each user <lives>:<order>:<kept>:<info>, where <lives> says how many have the user, and
 *   <kept>, when none has, whether the departure shall be settled (1) or not (0);
 * - held:<life>:<place>, the set of users that one life has there;
 * - a field of occupied:<app>, the hash of channels in which somebody is: <subscriptions>:<users>;
 * - members of kept, a sorted set of <place>:<user> by the time until which the user is kept.
 */
export const places = `
local function place_of(app, channel)
  local name = app .. ':' .. channel
  local place = { app = app, channel = channel, name = name }
  place.key = root .. 'place:' .. name
  place.users = root .. 'users:' .. name
  local known = redis.call('HMGET', place.key, 'version', 'subscriptions', 'newcomers')
  place.version = tonumber(known[1] or 0)
  place.subscriptions = tonumber(known[2] or 0)
  place.newcomers = tonumber(known[3] or 0)
  place.size = redis.call('HLEN', place.users)
  return place
end

local function vacant(place)
  return place.subscriptions == 0 and place.size == 0
end

local function user_of(place, id)
  local found = redis.call('HGET', place.users, id)
  if not found then return nil end
  local lives, order, kept, info = string.match(found, '^(%d+):(%d+):(%d?):(.*)$')
  return { lives = tonumber(lives), order = order, kept = kept, info = info }
end

local function write_user(place, id, user)
  local value = text(user.lives) .. ':' .. user.order .. ':' .. user.kept .. ':' .. user.info
  redis.call('HSET', place.users, id, value)
end

local function drop_user(place, id)
  redis.call('HDEL', place.users, id)
  place.size = place.size - 1
end

-- True when the user is gone: the life was the last that had it, and it is not kept for a while.
local function leave(place, id, said)
  local user = user_of(place, id)
  if not user then return false end
  user.lives = user.lives - 1
  if user.lives == 0 and said.keep == 0 then
    drop_user(place, id)
    return true
  end
  if user.lives == 0 then
    user.kept = said.settled and '1' or '0'
    redis.call('ZADD', root .. 'kept', text(millis + said.keep), place.name .. ':' .. id)
    remain(root .. 'kept')
  end
  write_user(place, id, user)
  return false
end

-- 'known', 'added', or 'refused' when the place is full.
local function enter(place, held, id, info, limit)
  local user = user_of(place, id)
  if user then
    if user.kept ~= '' then redis.call('ZREM', root .. 'kept', place.name .. ':' .. id) end
    if redis.call('SADD', held, id) == 1 then user.lives = user.lives + 1 end
    user.kept = ''
    write_user(place, id, user)
    return 'known'
  end
  if limit > 0 and place.size >= limit then return 'refused' end
  place.newcomers = place.newcomers + 1
  place.size = place.size + 1
  redis.call('SADD', held, id)
  write_user(place, id, { lives = 1, order = text(place.newcomers), kept = '', info = info })
  return 'added'
end

-- A new version, told to whoever watches: a list of texts, the users who came with their info before those who went.
local function tell(place, added, infos, removed)
  local previous = place.version
  place.version = math.max(previous + 1, micros)
  local notice = { text(place.version), text(previous), text(place.subscriptions), text(#added) }
  for at, id in ipairs(added) do
    notice[#notice + 1] = id
    notice[#notice + 1] = infos[at]
  end
  for _, id in ipairs(removed) do notice[#notice + 1] = id end
  redis.call(publish, root .. 'changed:' .. place.name, cjson.encode(notice))
end

-- Writes the place down, or forgets it when it is vacant.
local function file(place, was_vacant, settled)
  local occupied = root .. 'occupied:' .. place.app
  if vacant(place) then
    redis.call('DEL', place.key, place.users)
    redis.call('HDEL', occupied, place.channel)
    if settled and not was_vacant then depart('p' .. place.name) end
    return
  end
  local subscriptions = text(place.subscriptions)
  redis.call('HSET', place.key, 'version', text(place.version), 'subscriptions', subscriptions,
    'newcomers', text(place.newcomers))
  if redis.call('HSET', occupied, place.channel, subscriptions .. ':' .. text(place.size)) == 1 then
    remain(place.key)
    remain(occupied)
  end
end

-- What a life said last about a place: subscriptions, counted, settled.
local function said_before(place, node)
  local said = redis.call('HGET', place.key, 'life:' .. node)
  if not said then return 0, false, false end
  local subscriptions, counted, settled = string.match(said, '^(%d+):(%d):(%d)$')
  return tonumber(subscriptions), counted == '1', settled == '1'
end

-- Writes down what the life has in the place from now on.
local function say(place, node, held, said)
  local life = 'life:' .. node
  if said.subscriptions == 0 and redis.call('EXISTS', held) == 0 then
    redis.call('HDEL', place.key, life)
    unnote(node, 'p' .. place.name)
    return
  end
  local flags = (said.counted and '1' or '0') .. ':' .. (said.settled and '1' or '0')
  redis.call('HSET', place.key, life, text(said.subscriptions) .. ':' .. flags)
  note(node, 'p' .. place.name)
end

-- Changes what the life has in the place. said: subscriptions, counted, settled, keep, limit, remove, add and infos.
local function change(place, node, said)
  local held = root .. 'held:' .. node .. ':' .. place.name
  local was_vacant, subscriptions, previous = vacant(place), place.subscriptions, place.version
  place.subscriptions = subscriptions + said.subscriptions - said_before(place, node)
  local done = { previous = previous, added = {}, removed = {}, refused = {}, back = {} }
  local infos = {}
  for _, id in ipairs(said.remove) do
    if redis.call('SREM', held, id) == 1 and leave(place, id, said) then table.insert(done.removed, id) end
  end
  for at, id in ipairs(said.add) do
    local entered = enter(place, held, id, said.infos[at], said.limit)
    if entered ~= 'known' then table.insert(done[entered], id) end
    if entered == 'added' then table.insert(infos, said.infos[at]) end
  end
  if #said.add > 0 then
    remain(held)
    remain(place.users)
  end
  local counts = said.counted and place.subscriptions ~= subscriptions
  if counts or #done.added > 0 or #done.removed > 0 then tell(place, done.added, infos, done.removed) end
  say(place, node, held, said)
  if said.settled then
    for _, id in ipairs(done.removed) do depart('m' .. place.name .. ':' .. id) end
  end
  -- After the departures: whoever left and came anew in this statement is back, too.
  for _, id in ipairs(done.added) do
    if take_back('m' .. place.name .. ':' .. id) then table.insert(done.back, id) end
  end
  done.occupied = was_vacant and not vacant(place) and not take_back('p' .. place.name)
  file(place, was_vacant, said.settled)
  return done
end
`

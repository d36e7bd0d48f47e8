import { script } from './script.ts'

/**
 * `EventStore.keep`. `KEYS[1]` holds the event. After the command: event, data, milliseconds, the road, and the message
 * without the room for its position. The road is in the slot of the key.
 */
export const keep = script(`
local time = redis.call('TIME')
local before = tonumber(redis.call('HGET', KEYS[1], 'position') or 0)
local position = math.max(before + 1, time[1] * 1000000 + time[2])
local text = string.format('%.0f', position)
redis.call('HSET', KEYS[1], 'event', ARGV[2], 'data', ARGV[3], 'position', text)
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call(ARGV[1], ARGV[5], struct.pack('>I8', position) .. ARGV[6])
return text
`)

/** `EventStore.last`: event, data, position, milliseconds left; nothing when there is none. */
export const last = script(`
local left = redis.call('PTTL', KEYS[1])
if left <= 0 then return {} end
local kept = redis.call('HMGET', KEYS[1], 'event', 'data', 'position')
return { kept[1], kept[2], kept[3], string.format('%.0f', left) }
`)

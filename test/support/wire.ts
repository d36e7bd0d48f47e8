import { expect } from 'vitest'
import { payloadAt } from '../../src/testing/fake-socket.ts'
import { parseServerMessage, type ServerMessage } from '../../src/testing/server-message.ts'

/** The messages in what a server has written; throws unless it is whole text frames, without masks, one JSON each. */
export function messagesOnWire(bytes: Buffer): ServerMessage[] {
  const messages: ServerMessage[] = []
  for (let start = 0; start < bytes.length; ) {
    expect(bytes.readUInt8(start)).toBe(0x81)
    expect(bytes.readUInt8(start + 1)).toBeLessThanOrEqual(127)
    const [payload, size] = payloadAt(bytes, start)
    const end = payload + size
    expect(end).toBeLessThanOrEqual(bytes.length)
    messages.push(messageIn(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(payload, end))))
    start = end
  }
  return messages
}

/** Events of the protocol that are about a channel; only they and channel events may name one (protocol.md 1.4). */
const aboutChannel = [
  'pusher:cache_miss',
  'pusher:subscription_error',
  'pusher_internal:subscription_succeeded',
  'pusher_internal:subscription_error',
  'pusher_internal:subscription_count',
  'pusher_internal:member_added',
  'pusher_internal:member_removed',
]

function messageIn(text: string): ServerMessage {
  const message = parseServerMessage(text)
  if (message === undefined) throw new Error(`Not a message: ${text}`)
  const { event, channel, data, user_id, ...more } = message
  expect(more).toEqual({})
  expect(['undefined', 'string']).toContain(typeof user_id)
  if (event === 'pusher:error') {
    const codes = [null, expect.any(Number)]
    expect(data).toEqual({ message: expect.stringMatching(/\S/), code: expect.toBeOneOf(codes) })
    return message
  }
  expect(typeof data).toBe('string')
  const isProtocol = /^pusher(_internal)?:/.test(event)
  expect(typeof channel).toBe(isProtocol && !aboutChannel.includes(event) ? 'undefined' : 'string')
  // What the server itself says in a string is JSON of an object.
  if (isProtocol) expect(JSON.parse(String(data))).toBeTypeOf('object')
  return message
}

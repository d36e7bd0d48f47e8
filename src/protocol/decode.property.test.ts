import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anyJson, anyText } from '../../test/support/anything.ts'
import { decode } from './decode.ts'
import { PusherError } from './errors.ts'
import { events } from './events.ts'

/** What a text is decoded to, or the refusal; throws whatever else was thrown. */
function outcomeOf(text: string) {
  try {
    return decode(text)
  } catch (thrown) {
    if (thrown instanceof PusherError) return thrown
    throw thrown
  }
}

const text = anyText()
const anyEvent = fc.oneof(
  fc.constantFrom(...Object.values(events)),
  text.map((name) => `client-${name}`),
  text,
)

/** The fields that mean something, each there or not, each of any type. */
const anyFields = fc.record(
  {
    channel: fc.oneof(text, anyJson),
    auth: fc.oneof(text, anyJson),
    channel_data: fc.oneof(text, anyJson),
    user_data: fc.oneof(text, anyJson),
    ['__proto__']: anyJson,
  },
  { requiredKeys: [] },
)
const anyMessage = fc.record(
  {
    event: fc.oneof({ weight: 8, arbitrary: anyEvent }, anyJson),
    data: fc.oneof(
      anyFields,
      anyFields.map((fields) => JSON.stringify(fields)),
      anyJson,
    ),
    channel: fc.oneof(text, anyJson),
    user_id: anyJson,
  },
  { requiredKeys: [] },
)

describe('decode, given anything,', () => {
  it.each([
    ['text', text],
    ['JSON', fc.json({ maxDepth: 6 })],
    ['JSON that has lost its end', fc.json().map((text) => text.slice(0, -1))],
    ['almost a message', anyMessage.map((message) => JSON.stringify(message))],
  ])('refuses %s with code null or understands it', (_, texts) => {
    fc.assert(
      fc.property(texts, (text) => {
        const outcome = outcomeOf(text)
        if (outcome instanceof PusherError) expect(outcome.pusherCode).toBeNull()
        else expect(outcome).toHaveProperty('event', expect.any(String))
      }),
      { numRuns: 500 },
    )
  })

  it('never echoes much of it', () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        const outcome = outcomeOf(JSON.stringify(message))
        if (outcome instanceof PusherError) expect(outcome.message.length).toBeLessThan(200)
      }),
    )
  })

  it('hands on the data of a client event: a text as it is, anything else as JSON of the same value', () => {
    fc.assert(
      fc.property(text, text, fc.oneof(text, anyJson), (name, channel, data) => {
        const message = decode(JSON.stringify({ event: `client-${name}`, channel, data }))
        const passedOn = typeof data === 'string' ? data : JSON.stringify(data)
        expect(message).toEqual({ event: 'client-event', name: `client-${name}`, channel, data: passedOn })
      }),
    )
  })

  it('reads the same fields out of an object and out of a text that holds it', () => {
    fc.assert(
      fc.property(fc.constantFrom('pusher:subscribe', 'pusher:signin'), anyFields, (event, fields) => {
        const [plain, quoted] = [fields, JSON.stringify(fields)].map((data) =>
          outcomeOf(JSON.stringify({ event, data })),
        )
        if (plain instanceof PusherError) expect(quoted).toHaveProperty('message', plain.message)
        else expect(quoted).toEqual(plain)
      }),
    )
  })
})

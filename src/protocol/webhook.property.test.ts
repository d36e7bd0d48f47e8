import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anyJson, anyText } from '../../test/support/anything.ts'
import { sign } from './signature.ts'
import { verifyWebhook, webhookBody, webhookHeaders, webhookLifetime } from './webhook.ts'

const credentials = fc.record({
  key: fc.string({ minLength: 1 }),
  secret: fc.string({ minLength: 1 }),
})
const event = fc.record({
  name: fc.constant('client_event' as const),
  channel: anyText(),
  event: anyText(),
  data: anyText(),
  socket_id: anyText(),
})
const events = fc.array(event, { maxLength: 5 })

/** The headers of a webhook as Node hands them out. */
function received(headers: Readonly<Record<string, string>>) {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

/** The body of a webhook of now. */
function bodyOf(given: readonly object[], timeMs = Date.now()): string {
  return webhookBody(
    timeMs,
    given.map((each) => JSON.stringify(each)),
  )
}

describe('A webhook', () => {
  it('is verified by the app that signed it, as text and as bytes, and says what was told', () => {
    fc.assert(
      fc.property(credentials, events, (own, told) => {
        const timeMs = Date.now()
        const body = bodyOf(told, timeMs)
        const headers = received(webhookHeaders(own, body))
        const webhook = { time_ms: timeMs, events: told }
        expect(verifyWebhook(own, headers, body)).toEqual(webhook)
        expect(verifyWebhook(own, headers, Buffer.from(body))).toEqual(webhook)
        const later = { key: own.key, secret: `${own.secret}2`, previousSecret: own.secret }
        expect(verifyWebhook(later, headers, body)).toEqual(webhook)
      }),
    )
  })

  it('is refused by another app, and with another secret', () => {
    fc.assert(
      fc.property(credentials, credentials, events, (own, other, told) => {
        fc.pre(own.key !== other.key && own.secret !== other.secret)
        const body = bodyOf(told)
        const headers = received(webhookHeaders(own, body))
        expect(verifyWebhook({ ...own, key: other.key }, headers, body)).toBeUndefined()
        expect(verifyWebhook({ ...own, secret: other.secret }, headers, body)).toBeUndefined()
      }),
    )
  })

  it('is refused with any byte of it changed', () => {
    fc.assert(
      fc.property(credentials, events, fc.nat(), fc.integer({ min: 1, max: 255 }), (own, told, at, turn) => {
        const bytes = Buffer.from(bodyOf(told))
        const headers = received(webhookHeaders(own, bytes))
        const index = at % bytes.length
        bytes.writeUInt8(bytes.readUInt8(index) ^ turn, index)
        expect(verifyWebhook(own, headers, bytes)).toBeUndefined()
      }),
    )
  })

  it('is refused when it is older than five minutes, or from as far in the future', () => {
    fc.assert(
      fc.property(credentials, events, fc.integer({ min: 5_000 }), fc.boolean(), (own, told, more, later) => {
        const away = webhookLifetime + more
        const body = bodyOf(told, Date.now() + (later ? away : -away))
        expect(verifyWebhook(own, received(webhookHeaders(own, body)), body)).toBeUndefined()
      }),
    )
  })

  it('is refused, and nothing is thrown, when it is anything else that the app has signed', () => {
    const others = fc.oneof(
      anyText(),
      anyJson.map((value) => JSON.stringify(value)),
    )
    fc.assert(
      fc.property(credentials, others, (own, text) => {
        const headers = { 'x-pusher-key': own.key, 'x-pusher-signature': sign(own.secret, text) }
        expect(verifyWebhook(own, headers, text)).toBeUndefined()
      }),
    )
  })

  it('is refused, and nothing is thrown, whatever the headers are', () => {
    const value = fc.oneof(anyText(), fc.array(anyText(), { maxLength: 2 }), fc.constant(undefined))
    const headers = fc.record({ 'x-pusher-key': value, 'x-pusher-signature': value })
    fc.assert(
      fc.property(credentials, headers, events, (own, given, told) => {
        const right = { ...given, 'x-pusher-key': own.key }
        expect(verifyWebhook(own, given, bodyOf(told))).toBeUndefined()
        expect(verifyWebhook(own, right, bodyOf(told))).toBeUndefined()
      }),
    )
  })
})

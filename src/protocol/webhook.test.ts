import { describe, expect, it } from 'vitest'
import { sign } from './signature.ts'
import { verifyWebhook, type WebhookEvent, webhookBody, webhookHeaders } from './webhook.ts'

const app = { key: 'app-key', secret: 'app-secret' }

/** The headers of a request with this body, as Node gives them to whoever receives it. */
function received(body: string, { key, secret } = app) {
  return { 'x-pusher-key': key, 'x-pusher-signature': sign(secret, body) }
}

const occupied: WebhookEvent = { name: 'channel_occupied', channel: 'private-orders.42' }

/** The body of a webhook that is so many milliseconds old. */
function bodyOf(age = 0): string {
  return webhookBody(Date.now() - age, [JSON.stringify(occupied)])
}

describe('webhookBody', () => {
  it('is the JSON of the time and the events, in their order', () => {
    const events = [occupied, { ...occupied, channel: 'news' }]
    const body = webhookBody(
      1700000000000,
      events.map((event) => JSON.stringify(event)),
    )
    expect(body).toBe(JSON.stringify({ time_ms: 1700000000000, events }))
  })
})

describe('webhookHeaders', () => {
  it('C154 C155 are spelled as PHP and Node look them up, with the signature of the vectors', () => {
    const body = webhookBody(1700000000000, [JSON.stringify(occupied)])
    expect(webhookHeaders(app, body)).toStrictEqual({
      'Content-Type': 'application/json',
      'X-Pusher-Key': 'app-key',
      'X-Pusher-Signature': '3dd71c56743e92aff4220afbaaa5a88bf7ba634fdd4a6e09afe0f1c17c5b6a6b',
    })
    expect(webhookHeaders(app, Buffer.from(body))).toEqual(webhookHeaders(app, body))
  })
})

describe('verifyWebhook', () => {
  it('gives back what the app has signed, from a text or from bytes', () => {
    const body = bodyOf()
    const webhook = { time_ms: expect.any(Number), events: [occupied] }
    expect(verifyWebhook(app, received(body), body)).toEqual(webhook)
    expect(verifyWebhook(app, received(body), Buffer.from(body))).toEqual(webhook)
  })

  it('takes the headers of fetch, and names in any case', () => {
    const body = bodyOf()
    const { 'x-pusher-key': key, 'x-pusher-signature': signature } = received(body)
    for (const headers of [
      new Headers(received(body)),
      { 'X-Pusher-Key': key, 'X-PUSHER-SIGNATURE': signature },
    ]) {
      expect(verifyWebhook(app, headers, body)).toBeDefined()
      expect(verifyWebhook(app, headers, `${body} `)).toBeUndefined()
    }
  })

  it('believes the previous secret while secrets are exchanged', () => {
    const body = bodyOf()
    const exchanging = { ...app, secret: 'new', previousSecret: app.secret }
    expect(verifyWebhook(exchanging, received(body), body)).toBeDefined()
    expect(verifyWebhook({ ...app, secret: 'new' }, received(body), body)).toBeUndefined()
  })

  it.each<[string, (body: string) => Record<string, string | string[]>]>([
    ['another key', (body) => ({ ...received(body), 'x-pusher-key': 'other' })],
    ['no key', (body) => ({ 'x-pusher-signature': sign(app.secret, body) })],
    ['no signature', () => ({ 'x-pusher-key': app.key })],
    ['the signature of another text', (body) => received(`${body} `)],
    ['the signature by another secret', (body) => received(body, { ...app, secret: 'other' })],
    ['a signature that is none', (body) => ({ ...received(body), 'x-pusher-signature': 'x' })],
    ['several signatures', (body) => ({ ...received(body), 'x-pusher-signature': [sign(app.secret, body)] })],
    ['no headers', () => ({})],
  ])('refuses %s', (_, headersFor) => {
    const body = bodyOf()
    expect(verifyWebhook(app, headersFor(body), body)).toBeUndefined()
  })

  it('refuses what is older than five minutes, or as far ahead', () => {
    for (const [age, accepted] of [
      [298_000, true],
      [302_000, false],
      [-298_000, true],
      [-302_000, false],
    ] as const) {
      const body = bodyOf(age)
      expect([age, verifyWebhook(app, received(body), body) !== undefined]).toEqual([age, accepted])
    }
  })

  it.each([
    '',
    '1234.5678:private-orders',
    'null',
    '[]',
    '{}',
    '{"time_ms":1}',
    `{"time_ms":"${Date.now()}","events":[]}`,
    `{"time_ms":${Date.now()},"events":{}}`,
    `{"time_ms":${Date.now()},"events":[]`,
  ])('refuses %j, although the app has signed it', (body) => {
    expect(verifyWebhook(app, received(body), body)).toBeUndefined()
  })
})

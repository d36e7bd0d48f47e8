import { afterEach, describe, expect, it, vi } from 'vitest'
import { ManualRegistry } from '../../test/support/manual-registry.ts'
import { Parts, type TestClient, turn } from '../../test/support/parts.ts'
import { payloadOf, type ServerMessage } from '../testing/index.ts'

async function messages({ socket }: TestClient): Promise<ServerMessage[]> {
  await turn()
  return socket.take()
}

const error = (code: number | null) => ({
  event: 'pusher:error',
  data: { code, message: expect.stringMatching(/\S/) },
})

afterEach(() => {
  vi.useRealTimers()
})

/** Sets the monotonic clock, which moves only when the test says so. */
const stopClock = () => vi.useFakeTimers({ toFake: ['performance'] })

describe('receive', () => {
  it.each([{ data: {} }, { data: '{}' }, {}])('C21 answers a ping (%j) with a pong', async (ping) => {
    const client = new Parts().connect()
    client.say({ event: 'pusher:ping', ...ping })
    expect(await messages(client)).toEqual([{ event: 'pusher:pong', data: '{}' }])
  })

  it.each(['pusher:pong', 'reverb:resume'])('C27 takes %s without a word', async (event) => {
    const client = new Parts().connect()
    client.say({ event, data: {} })
    expect(await messages(client)).toEqual([])
  })

  it.each([
    'no JSON',
    '[]',
    '7',
    'null',
    '{}',
    '{"event":7}',
    '{"event":"pusher:foo"}',
    '{"event":"foo"}',
    null,
  ])('C28 C29 C30 answers %j with an error that nothing follows from', async (text) => {
    const parts = new Parts()
    const client = parts.connect()
    client.say(text)
    expect(await messages(client)).toEqual([error(null)])
    expect(client.connection.open).toBe(true)
    expect(parts.metrics).toMatchObject({ messagesReceived: 1, messagesRefused: 1, handlerFailures: 0 })
  })

  it('counts every message as a sign of life', () => {
    const client = new Parts().connect()
    for (const message of ['no JSON', null, { event: 'pusher:pong' }]) {
      client.connection.lastSeen = 0
      client.say(message)
      expect(client.connection.lastSeen).toBeGreaterThan(0)
    }
  })

  it('ignores what arrives after the end', async () => {
    const parts = new Parts()
    const client = parts.connect()
    client.connection.end()
    client.subscribe('news')
    expect(client.connection.subscriptions.size).toBe(0)
    expect(parts.metrics.messagesReceived).toBe(0)
  })

  it('C35 sends ten errors a second, and only counts the others', async () => {
    stopClock()
    const parts = new Parts()
    const client = parts.connect()
    for (let count = 0; count < 100; count++) client.say('no JSON')
    expect(await messages(client)).toHaveLength(10)
    expect(parts.metrics.answersSuppressed).toBe(90)
    vi.advanceTimersByTime(1000)
    client.say('no JSON')
    expect(await messages(client)).toHaveLength(1)
  })

  describe('more messages than the rate allows', () => {
    /** One message a second may come, twenty at a time. */
    const limits = { messageRate: 1, maxChannelsPerConnection: 10 }

    it('are dropped and refused with 4301', async () => {
      stopClock()
      const client = new Parts({ app: limits }).connect()
      for (let count = 0; count < 22; count++) client.say({ event: 'pusher:ping' })
      const answers = await messages(client)
      expect(answers.slice(0, 20)).toEqual(Array(20).fill({ event: 'pusher:pong', data: '{}' }))
      expect(answers.slice(20)).toEqual([error(4301), error(4301)])
    })

    it('end the connection with 4100 after ten seconds', async () => {
      stopClock()
      const parts = new Parts({ app: limits })
      const client = parts.connect()
      for (let count = 0; count < 20; count++) client.say({ event: 'pusher:pong' })
      for (let time = 0; time < 10_000; time += 500) {
        for (let count = 0; count < 2; count++) client.say({ event: 'pusher:pong' })
        expect(client.socket.closed).toBeUndefined()
        vi.advanceTimersByTime(500)
      }
      for (let count = 0; count < 3; count++) client.say({ event: 'pusher:pong' })
      expect(client.socket.closed?.code).toBe(4100)
      expect((await messages(client)).at(-1)).toEqual(error(4100))
      expect(parts.connections.size).toBe(0)
    })
  })

  describe('a failed subscription', () => {
    const refused = 'pusher:subscription_error'

    it('C43 is answered about the channel, as text', async () => {
      const parts = new Parts()
      const client = parts.connect()
      client.say({ event: 'pusher:subscribe', data: { channel: 'private-x', auth: '' } })
      const [message, ...others] = await messages(client)
      expect(others).toEqual([])
      expect(message).toEqual({ event: refused, channel: 'private-x', data: expect.any(String) })
      const payload = message && payloadOf(message)
      expect(payload).toEqual({ type: 'AuthError', status: 401, error: expect.stringMatching(/\S/) })
      expect(parts.metrics.subscriptionsRefused).toBe(1)
    })

    it('C58 is said twice to .NET, which listens to another name', async () => {
      const client = new Parts().connect({ client: 'pusher-dotnet-client' })
      client.say({ event: 'pusher:subscribe', data: { channel: 'private-x', auth: '' } })
      const [one, two, ...others] = await messages(client)
      expect(others).toEqual([])
      expect(one?.event).toBe(refused)
      expect(two).toEqual({ ...one, event: 'pusher_internal:subscription_error' })
    })
  })

  describe('when a handler fails', () => {
    it('logs it without telling the client what failed', async () => {
      const registry = new ManualRegistry()
      const parts = new Parts({ registry })
      const client = parts.connect()
      client.subscribe('news')
      await registry.fail(new Error('redis://user:sesame@10.0.0.7 is down'))
      const text = JSON.stringify(await messages(client))
      expect(text).toContain('ServerError')
      expect(text).not.toContain('redis')
      expect(parts.lines).toEqual(['Handling subscribe failed: redis://user:sesame@10.0.0.7 is down'])
      expect(parts.metrics).toMatchObject({ handlerFailures: 1, messagesRefused: 1, subscriptionsRefused: 1 })
    })

    it('says nothing where the client expects no answer', async () => {
      const registry = new ManualRegistry()
      const parts = new Parts({ registry })
      const client = parts.connect()
      client.subscribe('news')
      await registry.answer()
      await client.heard()
      client.say({ event: 'pusher:unsubscribe', data: { channel: 'news' } })
      await registry.fail(new Error('broken'))
      expect(await messages(client)).toEqual([])
      expect(parts.lines).toEqual(['Handling unsubscribe failed: broken'])
      expect(client.connection.open).toBe(true)
    })
  })
})

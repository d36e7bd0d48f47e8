import { expect, it, onTestFinished } from 'vitest'
import type { TestServer } from '../support/server.ts'
import type { Driver } from './driver.ts'
import { app, startRoot } from './set-up.ts'

/** Whether a client is connected, and by which connection. */
export interface State {
  readonly state: string
  readonly socket_id: string
}

/** Connects the client, as the user 7; it disconnects when the test ends. */
export async function connect(sdk: Driver, { port }: TestServer, options: object = {}): Promise<State> {
  const user = { user_id: '7', user_info: { name: 'Zoë' } }
  const state = await sdk.call<State>('connect', { host: '127.0.0.1', port, ...app, user, ...options })
  onTestFinished(async () => void (await sdk.call('disconnect')))
  return state
}

/** Connects the client and another one, and has both join a channel, the other one as this member. */
export async function connectWithOther(sdk: Driver, channel: string, member?: object) {
  const server = await startRoot()
  const { socket_id } = await connect(sdk, server)
  await sdk.call('subscribe', { channel })
  const other = await server.connect()
  await other.join(channel, member)
  return { server, socket_id, other }
}

/** What every SDK for clients can do, and must be able to do with ours. */
export function testClientSdk(sdk: Driver): void {
  it('C1 connects, and hears what is published on a public channel', async () => {
    const server = await startRoot()
    expect(await connect(sdk, server)).toEqual({
      state: 'CONNECTED',
      socket_id: expect.stringMatching(/^\d+\.\d+$/),
    })
    await sdk.call('subscribe', { channel: 'news' })
    expect(await server.publish('news', 'order.paid', '{"id":42,"name":"Zoë"}')).toBe(1)
    expect(await sdk.next()).toEqual({
      event: 'order.paid',
      channel: 'news',
      data: '{"id":42,"name":"Zoë"}',
    })
  })

  it('C39 subscribes to a private channel, exchanges client events there, and is excepted by its id', async () => {
    const channel = 'private-orders.42'
    const { server, socket_id, other } = await connectWithOther(sdk, channel)

    await sdk.call('trigger', { channel, name: 'client-typing', data: { on: true } })
    expect(await other.next()).toEqual({ event: 'client-typing', channel, data: '{"on":true}' })
    other.send({ event: 'client-typing', channel, data: { on: false } })
    expect(await sdk.next()).toEqual({ event: 'client-typing', channel, data: '{"on":false}' })

    await server.publish(channel, 'not.for.you', '{}', socket_id)
    await server.publish(channel, 'for.all', '{}')
    expect(await sdk.next()).toMatchObject({ event: 'for.all' })
  })

  it('C61 C63 C65 sees on a presence channel who is there, who comes and who goes', async () => {
    const server = await startRoot()
    const other = await server.connect()
    await other.join('presence-room', { user_id: '8', user_info: { name: 'Ada' } })
    await connect(sdk, server)
    const members = await sdk.call<Record<string, unknown>>('subscribe', { channel: 'presence-room' })
    expect(Object.keys(members).sort()).toEqual(['7', '8'])

    const third = await server.connect()
    await third.join('presence-room', { user_id: '9' })
    expect(decoded(await sdk.next())).toMatchObject({
      event: 'pusher_internal:member_added',
      channel: 'presence-room',
      data: { user_id: '9' },
    })
    await third.close()
    expect(decoded(await sdk.next())).toMatchObject({
      event: 'pusher_internal:member_removed',
      data: { user_id: '9' },
    })
  })

  it('C99 is known by its user id when it sends client events on a presence channel', async () => {
    const channel = 'presence-room'
    const { other } = await connectWithOther(sdk, channel, { user_id: '7' })
    await sdk.call('trigger', { channel, name: 'client-typing', data: { on: true } })
    const typing = { event: 'client-typing', channel, data: '{"on":true}', user_id: '7' }
    expect(await other.next()).toEqual(typing)
  })

  it('C40 is told when a signature is wrong', async () => {
    const server = await startRoot()
    await connect(sdk, server, { secret: 'wrong' })
    await expect(sdk.call('subscribe', { channel: 'private-orders.42' })).rejects.toThrow('not valid')
  })
}

/** The event with its data decoded: one SDK hands it out as it came, another takes it apart. */
function decoded({ data, ...rest }: Awaited<ReturnType<Driver['next']>>) {
  return { ...rest, data: typeof data === 'string' ? JSON.parse(data) : data }
}

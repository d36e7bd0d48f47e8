import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Socket } from 'node:net'
import type { PresenceChannel } from 'pusher-js'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createCertificate } from '../support/certificate.ts'
import { skippingClock } from '../support/clock.ts'
import { eventually } from '../support/eventually.ts'
import { createEcho, createPusher, reached, received } from '../support/official-clients.ts'
import { mountServer, startServer } from '../support/server.ts'

const subscribed = 'pusher:subscription_succeeded'

describe('pusher-js', () => {
  it('C19 connects over ws to a server that stands alone', async () => {
    const { port } = await startServer()
    const pusher = createPusher(port)
    await reached(pusher, 'connected')
    expect(pusher.connection.socket_id).toMatch(/^\d+\.\d+$/)
  })

  it('C19 connects over ws to a mounted server', async () => {
    const { port } = await mountServer('/reverb')
    await reached(createPusher(port, { wsPath: '/reverb' }), 'connected')
  })

  it('C19 connects over wss to a server that stands alone', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    onTestFinished(() => {
      vi.unstubAllEnvs()
    })
    const { certFile, keyFile } = createCertificate()
    const { port } = await startServer({ scheme: 'https', tlsCert: certFile, tlsKey: keyFile })
    await reached(createPusher(port, { forceTLS: true }), 'connected')
  })

  it('C19 connects over wss to a mounted server, also when the app asks for TLS', async () => {
    const { cert, key } = createCertificate()
    const https = createTlsServer({ cert, key })
    const app = { id: 'app-id', key: 'app-key', secret: 'app-secret', requireTls: true }
    const running = await mountServer('/reverb', { apps: [app] }, https)
    await running.connect({ ca: cert }, '/reverb/app/app-key', 'wss')
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    onTestFinished(() => {
      vi.unstubAllEnvs()
    })
    await reached(createPusher(running.port, { forceTLS: true, wsPath: '/reverb' }), 'connected')
  })

  it('C20 with an unknown key ends disconnected and does not try again', async () => {
    const skip = skippingClock()
    const running = await startServer()
    const pusher = createPusher(running.port, { key: 'unknown' })
    const failed = new Promise((resolve) => pusher.connection.bind('error', resolve))
    await reached(pusher, 'disconnected')
    expect(await failed).toMatchObject({ error: { data: { code: 4001 } } })
    await skip(5)
    // Whatever pusher-js had begun by now would be counted before this connection.
    await running.connect()
    expect(running.server.counters).toMatchObject({ connectionsRefused: 1, connectionsAccepted: 1 })
    expect(pusher.connection.state).toBe('disconnected')
  })

  it('C59 subscribes to everything again after the connection was lost', async () => {
    const http = createServer()
    const sockets: Socket[] = []
    http.on('connection', (socket) => sockets.push(socket))
    const running = await mountServer('/reverb', {}, http)
    const pusher = createPusher(running.port, { wsPath: '/reverb' })
    const names = ['news', 'private-x', 'private-encrypted-x', 'presence-room']
    const channels = names.map((name) => pusher.subscribe(name))
    await Promise.all(channels.map((channel) => received(channel, subscribed)))
    const before = pusher.connection.socket_id
    const again = Promise.all(channels.map((channel) => received(channel, subscribed)))
    for (const socket of sockets) socket.destroy()
    await again
    expect(pusher.connection.socket_id).not.toBe(before)
    const [news, secret, , presence] = channels
    for (const channel of [news, secret, presence]) {
      if (channel === undefined) throw new Error('There are four channels')
      const event = received(channel, 'order.paid')
      expect(await running.publish(channel.name, 'order.paid', '{"id":42}')).toBe(1)
      expect(await event).toEqual({ id: 42 })
    }
  })

  it('C61 knows itself and the others of a presence channel', async () => {
    const { port } = await startServer()
    const pusher = createPusher(port, { user: { user_id: '7', user_info: { name: 'Zoë' } } })
    // The members come with presence channels only, which the type of subscribe() does not say.
    const channel = pusher.subscribe('presence-room') as PresenceChannel
    await received(channel, subscribed)
    expect(channel.members.me).toEqual({ id: '7', info: { name: 'Zoë' } })
    const added = received(channel, 'pusher:member_added')
    createPusher(port, { user: { user_id: '9' } }).subscribe('presence-room')
    expect(await added).toEqual({ id: '9', info: {} })
    expect(channel.members.count).toBe(2)
  })

  it('C97 receives an object as the object that pusher-js sent, and a string as that string', async () => {
    const { port } = await startServer()
    const [sender, receiver] = [createPusher(port), createPusher(port)]
    const [from, to] = [sender.subscribe('private-x'), receiver.subscribe('private-x')]
    await Promise.all([received(from, subscribed), received(to, subscribed)])
    for (const data of [{ a: 1 }, 'a text', [1, 'é', null]]) {
      const event = received(to, 'client-typing')
      from.trigger('client-typing', data)
      expect(await event).toEqual(data)
    }
  })

  it('tries again at once after 4200, without a state of being disconnected', async () => {
    const { port, server } = await startServer()
    const pusher = createPusher(port)
    await reached(pusher, 'connected')
    const states: string[] = []
    pusher.connection.bind('state_change', ({ current }: { current: string }) => states.push(current))
    const retrying = reached(pusher, 'connecting')
    await server.close()
    await retrying
    expect(states).not.toContain('disconnected')
  })
})

describe('Laravel Echo', () => {
  it('C81 tells who is here, who joins and who leaves, each once', async () => {
    const { port } = await startServer()
    const zoe = createEcho(port, { user: { user_id: '7', user_info: { name: 'Zoë' } } })
    const here = vi.fn()
    const joining = vi.fn()
    const leaving = vi.fn()
    zoe.join('room').here(here).joining(joining).leaving(leaving)
    await eventually(() => here.mock.calls).toEqual([[[{ name: 'Zoë' }]]])

    const ann = { user: { user_id: '9', user_info: { name: 'Ann' } } }
    const [first, second] = [createEcho(port, ann), createEcho(port, ann)]
    const seen = vi.fn()
    first.join('room').here(seen)
    await eventually(() => seen.mock.calls).toEqual([[[{ name: 'Zoë' }, { name: 'Ann' }]]])
    second.join('room').here(seen)
    await eventually(() => seen.mock.calls.length).toBe(2)
    first.leave('room')
    second.disconnect()
    await eventually(() => leaving.mock.calls.length).toBe(1)
    expect(joining.mock.calls.map(([info]) => info)).toEqual([{ name: 'Ann' }])
    expect(leaving.mock.calls.map(([info]) => info)).toEqual([{ name: 'Ann' }])
    expect(here).toHaveBeenCalledTimes(1)
  })

  it.each(['private', 'join'] as const)('C108 whispers on a channel of %s()', async (kind) => {
    const { port } = await startServer()
    const [sender, receiver] = [
      createEcho(port, { user: { user_id: '7' } }),
      createEcho(port, { user: { user_id: '9' } }),
    ]
    const heard = vi.fn()
    const own = vi.fn()
    const ready = vi.fn()
    receiver[kind]('room').listenForWhisper('typing', heard).subscribed(ready)
    const channel = sender[kind]('room').listenForWhisper('typing', own).subscribed(ready)
    await eventually(() => ready.mock.calls.length).toBe(2)
    channel.whisper('typing', { name: 'Zoë' })
    await eventually(() => heard.mock.calls.length).toBe(1)
    expect(heard.mock.calls[0]?.[0]).toEqual({ name: 'Zoë' })
    expect(own).not.toHaveBeenCalled()
  })
})

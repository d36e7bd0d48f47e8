import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import Echo, { type EchoOptions } from 'laravel-echo'
import PusherServer from 'pusher'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { apiApp } from '../support/api.ts'
import { eventually } from '../support/eventually.ts'
import { listen } from '../support/host.ts'
import { Pusher } from '../support/official-clients.ts'
import { credentials, mountServer, startServer } from '../support/server.ts'

/** The users of the auth endpoint, by bearer token. */
const users: Record<string, { user_id: string; user_info: { name: string } }> = {
  zoe: { user_id: '7', user_info: { name: 'Zoë' } },
  ann: { user_id: '9', user_info: { name: 'Ann' } },
}

function createSdk(host: string): PusherServer {
  const encryptionMasterKeyBase64 = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8='
  return new PusherServer({ appId: apiApp.id, ...credentials, host, encryptionMasterKeyBase64 })
}

interface Site {
  readonly authEndpoint: string
  /** Bodies that the auth endpoint received. */
  readonly asked: string[]
}

/** An HTTP server with nothing but `/broadcasting/auth`, as Laravel has it: signs for whoever has a known token. */
function createSite() {
  const asked: string[] = []
  const sdk = createSdk('127.0.0.1')
  const http = createServer(async (request, response) => {
    const body = await text(request)
    asked.push(`${request.method} ${request.url} ${request.headers['content-type']} ${body}`)
    const form = new URLSearchParams(body)
    const user = users[request.headers.authorization?.replace('Bearer ', '') ?? '']
    const channel = form.get('channel_name') ?? ''
    response.setHeader('Content-Type', 'application/json')
    if (user === undefined || channel.includes('secret')) {
      response.writeHead(403).end('{"message":"Forbidden"}')
      return
    }
    const member = channel.startsWith('presence-') ? user : undefined
    response.end(JSON.stringify(sdk.authorizeChannel(form.get('socket_id') ?? '', channel, member)))
  })
  return { http, asked }
}

const places = [
  {
    place: 'standalone',
    prefix: '',
    start: async () => {
      const { http, asked } = createSite()
      return { running: await startServer(), site: siteAt(await listen(http), asked) }
    },
  },
  {
    place: 'mounted',
    prefix: '/reverb',
    start: async () => {
      const { http, asked } = createSite()
      const running = await mountServer('/reverb', {}, http)
      return { running, site: siteAt(running.port, asked) }
    },
  },
]

function siteAt(port: number, asked: string[]): Site {
  return { authEndpoint: `http://127.0.0.1:${port}/broadcasting/auth`, asked }
}

describe.each(places)('laravel-echo, $place', ({ prefix, start }) => {
  describe.each(['reverb', 'pusher'] as const)('with broadcaster: %s', (broadcaster) => {
    async function setUp() {
      const { running, site } = await start()
      const connect = (token = 'zoe') => {
        const options = {
          broadcaster,
          Pusher,
          key: credentials.key,
          wsHost: '127.0.0.1',
          wsPort: running.port,
          forceTLS: false,
          enabledTransports: ['ws', 'wss'],
          ...(broadcaster === 'pusher' && { cluster: 'mt1' }),
          ...(prefix !== '' && { wsPath: prefix }),
          authEndpoint: site.authEndpoint,
          bearerToken: token,
        }
        // Echo wants the class as it is declared, which under `nodenext` is not what it is (official-clients.ts).
        const echo = new Echo(options as unknown as EchoOptions<'reverb'>)
        onTestFinished(() => echo.disconnect())
        return echo
      }
      return { running, site, connect }
    }

    /** Waits until an Echo channel is subscribed. */
    const subscribed = (channel: { subscribed(callback: () => void): unknown }) =>
      new Promise<void>((resolve) => channel.subscribed(resolve))

    it('C171 connects with key, host, port, forceTLS: false and enabledTransports', async () => {
      const { connect } = await setUp()
      const echo = connect()
      await eventually(() => echo.connectionStatus()).toBe('connected')
      expect(echo.socketId()).toMatch(/^\d+\.\d+$/)
    })

    it('C170 receives .order.paid, and names with a namespace', async () => {
      const { running, connect } = await setUp()
      const heard = vi.fn()
      const channel = connect().channel('news')
      channel.listen('.order.paid', (data: unknown) => heard('.order.paid', data))
      channel.listen('OrderPaid', (data: unknown) => heard('OrderPaid', data))
      channel.listen('\\Shop\\Paid', (data: unknown) => heard('Shop\\Paid', data))
      await subscribed(channel)
      await running.publish('news', 'order.paid', '{"id":1}')
      await running.publish('news', 'App\\Events\\OrderPaid', '{"id":2}')
      await running.publish('news', 'Shop\\Paid', '{"id":3}')
      await running.publish('news', 'OrderPaid', '{"id":4}')
      await running.publish('news', 'order.paid', '{"id":5}')
      await eventually(() => heard.mock.calls).toEqual([
        ['.order.paid', { id: 1 }],
        ['OrderPaid', { id: 2 }],
        ['Shop\\Paid', { id: 3 }],
        ['.order.paid', { id: 5 }],
      ])
    })

    it('C166 asks /broadcasting/auth for a private channel and joins it', async () => {
      const { running, site, connect } = await setUp()
      const echo = connect()
      const channel = echo.private('orders.42')
      const heard = vi.fn()
      channel.listen('.order.paid', heard)
      await subscribed(channel)
      expect(site.asked).toEqual([
        'POST /broadcasting/auth application/x-www-form-urlencoded ' +
          `socket_id=${echo.socketId()}&channel_name=private-orders.42`,
      ])
      await running.publish('private-orders.42', 'order.paid', '{"id":42}')
      await eventually(() => heard.mock.calls.map(([data]) => data)).toEqual([{ id: 42 }])
    })

    it('C166 tells its channel when the endpoint refuses', async () => {
      const { running, connect } = await setUp()
      for (const [token, channel] of [
        ['zoe', 'secret'],
        ['nobody', 'orders.42'],
      ] as const) {
        const error = await new Promise((resolve) => connect(token).private(channel).error(resolve))
        expect(error).toMatchObject({ type: 'AuthError', status: 403 })
        expect(await running.publish(`private-${channel}`)).toBe(0)
      }
    })

    it('C168 decrypts what the pusher SDK has encrypted', async () => {
      const { running, connect } = await setUp()
      const channel = connect().encryptedPrivate('orders.42')
      const heard = vi.fn()
      channel.listen('.order.paid', heard)
      await subscribed(channel)
      await createSdk(`127.0.0.1:${running.port}${prefix}`).trigger(
        'private-encrypted-orders.42',
        'order.paid',
        { id: 42 },
      )
      await eventually(() => heard.mock.calls.map(([data]) => data)).toEqual([{ id: 42 }])
    })

    it('C81 sees who is here, joins and leaves', async () => {
      const { connect } = await setUp()
      const seen = vi.fn()
      const room = connect('zoe').join('room')
      room
        .here((all: unknown) => seen('here', all))
        .joining((who: unknown) => seen('joining', who))
        .leaving((who: unknown) => seen('leaving', who))
      await subscribed(room)
      const ann = connect('ann')
      const here = await new Promise((resolve) => ann.join('room').here(resolve))
      expect(here).toEqual([{ name: 'Zoë' }, { name: 'Ann' }])
      ann.leave('room')
      await eventually(() => seen.mock.calls).toEqual([
        ['here', [{ name: 'Zoë' }]],
        ['joining', { name: 'Ann' }],
        ['leaving', { name: 'Ann' }],
      ])
    })

    it.each(['private', 'join'] as const)('C108 whispers on a channel of %s', async (kind) => {
      const { connect } = await setUp()
      const [zoe, ann] = [connect('zoe')[kind]('room'), connect('ann')[kind]('room')]
      const heard = vi.fn()
      ann.listenForWhisper('typing', heard)
      const echoed = vi.fn()
      zoe.listenForWhisper('typing', echoed)
      await Promise.all([subscribed(zoe), subscribed(ann)])
      zoe.whisper('typing', { on: true })
      await eventually(() => heard.mock.calls.map(([data]) => data)).toEqual([{ on: true }])
      expect(echoed).not.toHaveBeenCalled()
    })

    it('leaves a channel and all its kinds', async () => {
      const { running, connect } = await setUp()
      const echo = connect()
      await Promise.all([
        subscribed(echo.channel('room')),
        subscribed(echo.private('room')),
        subscribed(echo.join('room')),
      ])
      echo.leave('room')
      for (const name of ['room', 'private-room', 'presence-room']) {
        await eventually(() => running.publish(name)).toBe(0)
      }
      expect(echo.connectionStatus()).toBe('connected')
    })
  })
})

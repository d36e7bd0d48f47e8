import { createServer, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished } from 'vitest'
import { AuthEndpoint, BroadcastManager, type HttpRequest, runInRequest } from '../src/index.ts'
import { ReverbServer } from '../src/server/index.ts'
import { silentLogger } from '../src/support/logger.ts'
import { listen } from './support/host.ts'
import { send } from './support/http.ts'
import { createPusher, type PusherClient, reached, received } from './support/official-clients.ts'
import { credentials } from './support/server.ts'

// Everything by hand, on a plain HTTP server: no Application, no provider, no web framework.

/** A shop whose users come by header; its orders are shipped by POST. Resolves to its port. */
async function openShop(): Promise<number> {
  const { key: appKey, secret: appSecret } = credentials
  const server = new ReverbServer({ appKey, appSecret, logger: silentLogger }, {})
  const broadcasting = new BroadcastManager({ driver: 'reverb', logger: silentLogger }, { server, env: {} })
  broadcasting.channel('orders.{owner}', ({ user, params }) => params.owner === user.id)
  broadcasting.channel('shop', ({ user }) => ({ id: user.id, info: { name: `Mr ${user.id}` } }))
  const auth = new AuthEndpoint({
    user: ({ headers }) => (headers['x-user'] ? { id: String(headers['x-user']) } : undefined),
    authorizer: broadcasting.authorizer,
    credentials: (key) => server.credentials(key),
    logger: silentLogger,
  })

  const http = createServer(async (request, response) => {
    const asked = await readRequest(request)
    const route = auth.routes.find(({ path }) => path === asked.path)
    if (route) {
      const { status, headers, body } = await route.handle(asked)
      response.writeHead(status, headers).end(body)
    } else {
      const shipped = broadcasting
        .on(`private-orders.${asked.path.slice('/ship/'.length)}`)
        .as('OrderShipped')
      const { channels } = await runInRequest(request, () => shipped.with({ order_id: 1 }).send().toOthers())
      response.end(JSON.stringify(channels))
    }
  })
  server.attach(http, { path: '/reverb' })
  onTestFinished(async () => {
    await server.close()
    await broadcasting.close()
  })
  return listen(http)
}

async function readRequest(request: IncomingMessage): Promise<HttpRequest & { readonly path: string }> {
  const { method = 'GET', headers, url = '/' } = request
  const { pathname, searchParams } = new URL(url, 'http://localhost')
  const query = Object.fromEntries(searchParams)
  return { method, headers, path: pathname, query, body: await text(request), original: request }
}

/** The pusher-js of somebody's browser, connected. */
async function visit(port: number, user?: string): Promise<PusherClient> {
  const pusher = createPusher(port, {
    wsPath: '/reverb',
    channelAuthorization: {
      transport: 'ajax',
      endpoint: `http://127.0.0.1:${port}/broadcasting/auth`,
      ...(user !== undefined && { headers: { 'X-User': user } }),
    },
  })
  await reached(pusher, 'connected')
  return pusher
}

const ship = async (port: number, owner: string, headers: Record<string, string> = {}) =>
  JSON.parse((await send({ port, path: `/ship/${owner}`, method: 'POST', headers })).text)

describe('Without an Application', () => {
  it('a private channel is joined by whom its rule admits, and hears what is broadcast', async () => {
    const port = await openShop()
    const channel = (await visit(port, 'ada')).subscribe('private-orders.ada')
    await received(channel, 'pusher:subscription_succeeded')
    const shipped = received(channel, 'OrderShipped')
    expect(await ship(port, 'ada')).toEqual([{ name: 'private-orders.ada', recipients: 1 }])
    expect(await shipped).toEqual({ order_id: 1 })
  })

  it.each(['ben', undefined])('a private channel is refused to the user %s', async (user) => {
    const port = await openShop()
    const channel = (await visit(port, user)).subscribe('private-orders.ada')
    expect(await received(channel, 'pusher:subscription_error')).toMatchObject({ status: 403 })
    expect(await ship(port, 'ada')).toEqual([{ name: 'private-orders.ada', recipients: 0 }])
  })

  it('a presence channel knows whom the rule says it is', async () => {
    const port = await openShop()
    const channel = (await visit(port, 'ada')).subscribe('presence-shop')
    expect(await received(channel, 'pusher:subscription_succeeded')).toMatchObject({
      members: { ada: { name: 'Mr ada' } },
    })
  })

  it('toOthers() excepts the socket of the request', async () => {
    const port = await openShop()
    const [phone, laptop] = await Promise.all([visit(port, 'ada'), visit(port, 'ada')])
    const channels = [phone, laptop].map((pusher) => pusher.subscribe('private-orders.ada'))
    await Promise.all(channels.map((channel) => received(channel, 'pusher:subscription_succeeded')))
    const socketId = phone.connection.socket_id
    expect(await ship(port, 'ada', { 'X-Socket-ID': socketId })).toEqual([
      { name: 'private-orders.ada', recipients: 1 },
    ])
  })

  it('nothing takes the signals of the process', async () => {
    const listeners = () => process.eventNames().map((name) => [name, process.listenerCount(name)])
    const before = listeners()
    await openShop()
    expect(listeners()).toEqual(before)
  })
})

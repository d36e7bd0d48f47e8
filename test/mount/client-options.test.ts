import { createServer, type IncomingMessage } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { ReverbServer, ReverbServerOptions } from '../../src/server/index.ts'
import { createCertificate } from '../support/certificate.ts'
import { createReverb, listen } from '../support/host.ts'
import { send } from '../support/http.ts'
import { Pusher, reached } from '../support/official-clients.ts'

type Options = ReturnType<ReverbServer['clientOptions']>

afterEach(() => {
  vi.unstubAllEnvs()
})

/** Connects with exactly what the server says. */
async function connect({ key, options }: Options): Promise<void> {
  const pusher = new Pusher(key, options)
  onTestFinished(() => pusher.disconnect())
  await reached(pusher, 'connected')
}

/** Where a client would go. */
function addressOf({ options }: Options): string {
  const { forceTLS, wsHost, wsPort, wssPort, wsPath } = options
  return forceTLS ? `wss://${wsHost}:${wssPort}${wsPath}` : `ws://${wsHost}:${wsPort}${wsPath}`
}

const mounted = (options: ReverbServerOptions = {}) => {
  const server = createReverb(options)
  server.attach(createServer(), { path: '/reverb' })
  return server
}

const page = (headers: Record<string, string>, encrypted = false) => ({
  headers,
  socket: { remoteAddress: '203.0.113.7', encrypted },
})

describe('clientOptions', () => {
  it('connects pusher-js to a standalone server, with and without a request', async () => {
    const server = createReverb({ path: '/ws' })
    const { port } = await server.listen()
    await connect(server.clientOptions())
    // The page comes from another port of the same host.
    await connect(server.clientOptions(page({ host: '127.0.0.1:4545' })))
    expect(addressOf(server.clientOptions())).toBe(`ws://127.0.0.1:${port}/ws`)
  })

  it('says 127.0.0.1 for a server that listens everywhere', async () => {
    const server = createReverb({ host: '0.0.0.0' })
    const { port } = await server.listen()
    expect(addressOf(server.clientOptions())).toBe(`ws://127.0.0.1:${port}`)
    await connect(server.clientOptions())
  })

  it('connects pusher-js to a mounted server, at the address of the page', async () => {
    const server = createReverb()
    const asked: Options[] = []
    const http = createServer((request, response) => {
      asked.push(server.clientOptions(request))
      response.end()
    })
    server.attach(http, { path: '/reverb' })
    const port = await listen(http)
    await send({ port, path: '/' })
    expect(asked.map(addressOf)).toEqual([`ws://127.0.0.1:${port}/reverb`])
    for (const options of asked) await connect(options)
  })

  it('leads to the mount for a page, and to its own port without one, where a server has both', async () => {
    const server = createReverb()
    const http = createServer()
    server.attach(http, { path: '/reverb' })
    const own = await server.listen()
    const port = await listen(http)
    const forPage = server.clientOptions(page({ host: `127.0.0.1:${port}` }))
    expect(addressOf(forPage)).toBe(`ws://127.0.0.1:${port}/reverb`)
    await connect(forPage)
    expect(addressOf(server.clientOptions())).toBe(`ws://127.0.0.1:${own.port}`)
  })

  it('connects pusher-js over TLS to a server mounted on https', async () => {
    const { cert, key } = createCertificate()
    const server = createReverb()
    const asked: Options[] = []
    const https = createTlsServer({ cert, key }, (request: IncomingMessage, response) => {
      asked.push(server.clientOptions(request))
      response.end()
    })
    server.attach(https, { path: '/reverb' })
    const port = await listen(https)
    await send({ port, path: '/', ca: cert })
    expect(asked.map(addressOf)).toEqual([`wss://127.0.0.1:${port}/reverb`])
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    vi.spyOn(process, 'emitWarning').mockReturnValue()
    for (const options of asked) await connect(options)
    vi.restoreAllMocks()
  })

  it('contains what pusher-js must be told, and the key of the first app, never a secret', () => {
    const server = createReverb({
      apps: [
        { id: '1', key: 'first', secret: 'first-secret' },
        { id: '2', key: 'second', secret: 'second-secret' },
      ],
    })
    const options = server.clientOptions()
    expect(options).toMatchObject({
      key: 'first',
      options: { cluster: '', forceTLS: false, enabledTransports: ['ws', 'wss'] },
    })
    expect(JSON.stringify(options)).not.toContain('secret')
  })

  it.each<[what: string, request: ReturnType<typeof page>, address: string]>([
    ['a plain page', page({ host: 'shop.example' }), 'ws://shop.example:80/reverb'],
    ['a page with a port', page({ host: 'shop.example:4545' }), 'ws://shop.example:4545/reverb'],
    ['a page over TLS', page({ host: 'shop.example' }, true), 'wss://shop.example:443/reverb'],
    ['a page at an IPv6 address', page({ host: '[::1]:4545' }), 'ws://[::1]:4545/reverb'],
  ])('goes where %s came from when it is mounted', (_, request, address) => {
    expect(addressOf(mounted().clientOptions(request))).toBe(address)
  })

  const forwarded = page({
    host: '10.0.0.5:3000',
    'x-forwarded-host': 'shop.example',
    'x-forwarded-proto': 'https',
    'x-forwarded-for': '198.51.100.1',
  })

  it('believes X-Forwarded-* only of as many proxies as are trusted', () => {
    expect(addressOf(mounted().clientOptions(forwarded))).toBe('ws://10.0.0.5:3000/reverb')
    expect(addressOf(mounted({ trustProxy: 1 }).clientOptions(forwarded))).toBe(
      'wss://shop.example:443/reverb',
    )
    const forged = page({
      host: '10.0.0.5:3000',
      'x-forwarded-host': 'evil.example, shop.example:8443',
      'x-forwarded-proto': 'http, https',
    })
    expect(addressOf(mounted({ trustProxy: 1 }).clientOptions(forged))).toBe('wss://shop.example:8443/reverb')
  })

  it('says what REVERB_PUBLIC_* says, whatever the request says', () => {
    const server = (options: ReverbServerOptions) => addressOf(mounted(options).clientOptions(forwarded))
    expect(server({ publicHost: 'ws.example', publicScheme: 'https' })).toBe('wss://ws.example:443/reverb')
    expect(server({ publicHost: 'ws.example', publicScheme: 'http' })).toBe('ws://ws.example:80/reverb')
    expect(server({ publicHost: 'ws.example', publicPort: 6001, publicScheme: 'https' })).toBe(
      'wss://ws.example:6001/reverb',
    )
    expect(server({ publicPath: '/sockets' })).toBe('ws://10.0.0.5:3000/sockets')
    const all = { publicHost: 'ws.example', publicPort: 443, publicScheme: 'https', publicPath: '' } as const
    expect(server(all)).toBe('wss://ws.example:443')
  })

  it.each(['evil example', '[::1', ''])('does not go to a host that is none: %j', (host) => {
    expect(addressOf(mounted({ port: 8080 }).clientOptions(page({ host })))).toBe(
      'ws://127.0.0.1:8080/reverb',
    )
  })
})

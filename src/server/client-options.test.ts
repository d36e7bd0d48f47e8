import { describe, expect, it } from 'vitest'
import { clientOptions, type ServerAddress } from './client-options.ts'
import { resolveServerConfig } from './config.ts'
import type { RequestSource } from './forwarded.ts'
import type { ReverbServerOptions } from './server-options.ts'

const listening: ServerAddress = { secure: false, host: '127.0.0.1', port: 8080, path: '/reverb' }

interface Given {
  options?: ReverbServerOptions
  mounted?: boolean
  request?: RequestSource
}

/** The part of the answer that says where: scheme, host, port and path. */
function whereOf({ options = {}, mounted = true, request }: Given): string {
  const config = resolveServerConfig(options, {})
  const { forceTLS, wsHost, wsPort, wssPort, wsPath } = clientOptions(
    config,
    'app-key',
    listening,
    mounted ? '/reverb' : undefined,
    request,
  ).options
  expect(wssPort).toBe(wsPort)
  return `${forceTLS ? 'wss' : 'ws'}://${wsHost}:${wsPort}${wsPath}`
}

const asked = (host: string, encrypted = false): RequestSource => ({
  headers: { host },
  socket: { encrypted },
})

describe('clientOptions', () => {
  it('are exactly what new Pusher() takes', () => {
    expect(clientOptions(resolveServerConfig({}, {}), 'app-key', listening, '/reverb', undefined)).toEqual({
      key: 'app-key',
      options: {
        cluster: '',
        wsHost: '127.0.0.1',
        wsPort: 8080,
        wssPort: 8080,
        wsPath: '/reverb',
        forceTLS: false,
        enabledTransports: ['ws', 'wss'],
        channelAuthorization: { endpoint: '/broadcasting/auth', transport: 'ajax' },
        userAuthentication: { endpoint: '/broadcasting/user-auth', transport: 'ajax' },
      },
    })
  })

  it('have the auth endpoints under the configured path', () => {
    const config = resolveServerConfig({ authPath: '/api/auth' }, {})
    const { options } = clientOptions(config, 'app-key', listening, '/reverb', undefined)
    expect(options.channelAuthorization.endpoint).toBe('/api/auth/auth')
  })

  describe('of a mounted server', () => {
    it.each([
      ['shop.example.com', false, 'ws://shop.example.com:80/reverb'],
      ['shop.example.com', true, 'wss://shop.example.com:443/reverb'],
      ['shop.example.com:3000', false, 'ws://shop.example.com:3000/reverb'],
      ['shop.example.com:8443', true, 'wss://shop.example.com:8443/reverb'],
      ['[::1]:3000', false, 'ws://[::1]:3000/reverb'],
    ])('are the address that the page was asked for: %s', (host, encrypted, where) => {
      expect(whereOf({ request: asked(host, encrypted) })).toBe(where)
    })

    it('believe a trusted proxy', () => {
      const headers = {
        host: 'internal:3000',
        'x-forwarded-host': 'shop.example.com',
        'x-forwarded-proto': 'https',
      }
      expect(whereOf({ request: { headers }, options: { trustProxy: 1 } })).toBe(
        'wss://shop.example.com:443/reverb',
      )
      expect(whereOf({ request: { headers } })).toBe('ws://internal:3000/reverb')
    })

    it.each([[undefined], [{ headers: {} }], [{ headers: { host: 'a b' } }]])(
      'are the address it listens on when the request (%j) tells none',
      (request) => {
        expect(whereOf(request === undefined ? {} : { request })).toBe('ws://127.0.0.1:8080/reverb')
      },
    )
  })

  describe('of a server with a port of its own', () => {
    it('are the host of the request and the port it listens on', () => {
      const request = asked('shop.example.com:3000', true)
      expect(whereOf({ mounted: false, request })).toBe('ws://shop.example.com:8080/reverb')
    })

    it('are the address it listens on without a request', () => {
      expect(whereOf({ mounted: false })).toBe('ws://127.0.0.1:8080/reverb')
    })
  })

  describe('with a public address', () => {
    it('are that address, whatever the request says', () => {
      const options: ReverbServerOptions = {
        publicHost: 'ws.example.com',
        publicPort: 6001,
        publicScheme: 'https',
        publicPath: '/live',
      }
      expect(whereOf({ options, request: asked('shop.example.com') })).toBe('wss://ws.example.com:6001/live')
    })

    it.each([
      ['https', 'wss://ws.example.com:443/reverb'],
      ['http', 'ws://ws.example.com:80/reverb'],
    ] as const)('have the usual port of %s unless one is given', (publicScheme, where) => {
      expect(whereOf({ options: { publicHost: 'ws.example.com', publicScheme } })).toBe(where)
    })

    it('have an IPv6 address in brackets, as URLs do', () => {
      expect(whereOf({ options: { publicHost: '2001:db8::1' } })).toBe('ws://[2001:db8::1]:80/reverb')
    })

    it('may have no path prefix where the server has one', () => {
      expect(whereOf({ options: { publicPath: '' } })).toBe('ws://127.0.0.1:8080')
    })
  })
})

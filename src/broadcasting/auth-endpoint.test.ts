import Pusher from 'pusher'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { HttpRequest } from '../foundation/http.ts'
import { AuthEndpoint, type AuthEndpointParts } from './auth-endpoint.ts'
import { BroadcastManager } from './broadcast-manager.ts'
import { ChannelAuthorizer, type ChannelRule } from './channel-authorizer.ts'

const apps: Record<string, string> = { 'app-key': 'app-secret', 'other-key': 'other-secret' }
const masterKey = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8='
const form = { 'content-type': 'application/x-www-form-urlencoded' }
const json = { 'content-type': 'application/json; charset=utf-8' }
const ann = { id: 7, info: { name: 'Zoë' } }

function credentials(key = 'app-key') {
  const secret = apps[key]
  return secret === undefined ? undefined : { key, secret }
}

/** An endpoint of which Ann asks, with one rule for `orders.{id}`. */
function endpointWith(parts: Partial<AuthEndpointParts> = {}, rule: ChannelRule = () => true) {
  const authorizer = new ChannelAuthorizer()
  authorizer.add('orders.{id}', rule)
  const logger = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() }
  const endpoint = new AuthEndpoint({
    authorizer,
    credentials,
    logger,
    explain: false,
    user: () => ann,
    ...parts,
  })
  return { endpoint, logger }
}

function post(fields: Record<string, string>, more: Partial<HttpRequest> = {}): HttpRequest {
  const body = new URLSearchParams(fields).toString()
  return { method: 'POST', headers: form, query: {}, body, original: undefined, ...more }
}

const privateOrder = { socket_id: '218912.44719', channel_name: 'private-orders.42' }
const encryptedOrder = { ...privateOrder, channel_name: 'private-encrypted-orders.42' }
const presenceOrder = { socket_id: '218912.44719', channel_name: 'presence-orders.42' }

/** The keys of channels, as a manager with this master key gives them. */
function secretsOf(encryptionMasterKey: string | undefined) {
  const manager = new BroadcastManager({ ...(encryptionMasterKey && { encryptionMasterKey }) }, { env: {} })
  return (channel: string, appKey?: string) => manager.sharedSecret(channel, appKey)
}

/** What the answer says, with its status. */
async function read(answer: Promise<{ status: number; headers: object; body: string }>) {
  const { status, headers, body } = await answer
  expect(headers).toMatchObject({
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
  })
  return { status, ...JSON.parse(body) }
}

describe('AuthEndpoint', () => {
  describe('#authorizeChannel', () => {
    it('C163 signs a private channel as the test vector says', async () => {
      const { endpoint } = endpointWith()
      expect(await read(endpoint.authorizeChannel(post(privateOrder)))).toEqual({
        status: 200,
        auth: 'app-key:860b5d24884987d6716be1c460c2acbcad53332c1714872bbbb555af3f44aedb',
      })
    })

    it('C163 answers what the Node SDK answers', async () => {
      const pusher = new Pusher({ appId: '1', key: 'app-key', secret: 'app-secret', cluster: '' })
      const { endpoint } = endpointWith()
      const channelData = { user_id: '7', user_info: { name: 'Zoë' } }
      expect(await read(endpoint.authorizeChannel(post(presenceOrder)))).toEqual({
        status: 200,
        ...pusher.authorizeChannel(presenceOrder.socket_id, presenceOrder.channel_name, channelData),
      })
      expect(await read(endpoint.authorizeChannel(post(privateOrder)))).toEqual({
        status: 200,
        ...pusher.authorizeChannel(privateOrder.socket_id, privateOrder.channel_name),
      })
      expect(await read(endpoint.authenticateUser(post(privateOrder)))).toEqual({
        status: 200,
        ...pusher.authenticateUser(privateOrder.socket_id, { id: '7', user_info: { name: 'Zoë' } }),
      })
    })

    it('C163 gives the key of an encrypted channel too, as the Node SDK does', async () => {
      const pusher = new Pusher({
        appId: '1',
        key: 'app-key',
        secret: 'app-secret',
        cluster: '',
        encryptionMasterKeyBase64: masterKey,
      })
      for (const channel_name of ['private-encrypted-orders.42', 'private-encrypted-cache-orders.42']) {
        const { endpoint } = endpointWith({ sharedSecret: secretsOf(masterKey) })
        const answer = await read(endpoint.authorizeChannel(post({ ...privateOrder, channel_name })))
        const ofSdk = pusher.authorizeChannel(privateOrder.socket_id, channel_name)
        expect(Object.keys(ofSdk).sort()).toEqual(['auth', 'shared_secret'])
        expect(answer).toEqual({ status: 200, ...ofSdk })
      }
    })

    it('C163 asks for the key of the app that ?app= names, and only for encrypted channels', async () => {
      const sharedSecret = vi.fn(() => 'c2VjcmV0')
      const { endpoint } = endpointWith({ sharedSecret })
      const query = { app: 'other-key' }
      expect(await read(endpoint.authorizeChannel(post(privateOrder, { query })))).not.toHaveProperty(
        'shared_secret',
      )
      expect(sharedSecret).not.toHaveBeenCalled()
      await endpoint.authorizeChannel(post(encryptedOrder, { query }))
      expect(sharedSecret).toHaveBeenCalledExactlyOnceWith(encryptedOrder.channel_name, 'other-key')
    })

    it('C163 gives nobody the key of an encrypted channel whom the rule refuses', async () => {
      const sharedSecret = vi.fn(() => 'c2VjcmV0')
      const { endpoint } = endpointWith({ sharedSecret }, () => false)
      expect(await read(endpoint.authorizeChannel(post(encryptedOrder)))).toEqual({
        status: 403,
        error: 'You may not join this channel',
      })
      expect(sharedSecret).not.toHaveBeenCalled()
    })

    it.each([
      ['there is no master key', secretsOf(undefined), 'run "npx reverb keys"'],
      ['the endpoint was made without keys', undefined, 'this AuthEndpoint has no sharedSecret'],
    ])('answers 500 for an encrypted channel and logs why when %s', async (_what, sharedSecret, reason) => {
      const { endpoint, logger } = endpointWith({ sharedSecret })
      expect(await read(endpoint.authorizeChannel(post(encryptedOrder)))).toEqual({
        status: 500,
        error: 'Authorization failed',
      })
      expect(logger.error).toHaveBeenCalledExactlyOnceWith(expect.stringContaining(reason))
      expect(logger.error).toHaveBeenCalledWith(expect.stringContaining(encryptedOrder.channel_name))
    })

    it('waits for credentials that come from a database', async () => {
      const { endpoint } = endpointWith({ credentials: async (key) => credentials(key) })
      expect(await read(endpoint.authorizeChannel(post(privateOrder)))).toMatchObject({ status: 200 })
      const unknown = post(privateOrder, { query: { app: 'nobody' } })
      expect(await read(endpoint.authorizeChannel(unknown))).toMatchObject({ error: 'No app has this key' })
    })

    it('C163 makes a string of a numeric id and leaves out an info that nobody gave', async () => {
      const { endpoint } = endpointWith({ user: () => ({ id: 7 }) })
      expect(await read(endpoint.authorizeChannel(post(presenceOrder)))).toMatchObject({
        status: 200,
        channel_data: '{"user_id":"7"}',
      })
    })

    it('C165 takes forms and JSON, POST and GET, as text or parsed', async () => {
      const { endpoint } = endpointWith()
      const get = { method: 'GET', query: privateOrder, body: undefined }
      for (const request of [
        post(privateOrder),
        post({}, { headers: json, body: JSON.stringify(privateOrder) }),
        post({}, { headers: json, body: privateOrder }),
        post({}, { headers: {}, body: new URLSearchParams(privateOrder).toString() }),
        post({}, get),
      ]) {
        expect(await read(endpoint.authorizeChannel(request))).toMatchObject({ status: 200 })
      }
    })

    it.each(['{', '[]', '"text"', 'null', '7'])('answers 400 to the JSON body %s', async (body) => {
      const { endpoint } = endpointWith()
      const answer = await read(endpoint.authorizeChannel(post({}, { headers: json, body })))
      expect(answer).toEqual({ status: 400, error: 'The body is neither a form nor a JSON object' })
    })

    it.each(['1.1:private-victim', '1.1\n', '', '1', '1.2.3', 'a.b', '-1.2'])(
      'C164 refuses the socket id %j before it signs anything',
      async (socket_id) => {
        const rule = vi.fn(() => true)
        const { endpoint } = endpointWith({}, rule)
        const refused = await read(endpoint.authorizeChannel(post({ ...privateOrder, socket_id })))
        expect(refused).toEqual({ status: 403, error: 'socket_id must be digits, a dot, digits' })
        expect((await endpoint.authenticateUser(post({ socket_id }))).status).toBe(403)
        expect(rule).not.toHaveBeenCalled()
      },
    )

    it.each([
      ['orders.42', 'public'],
      ['cache-orders.42', 'public'],
      ['#server-to-user-7', 'user'],
      ['private-orders 42', 'not the name'],
      ['private-orders.42\n', 'not the name'],
      [`private-${'x'.repeat(200)}`, 'not the name'],
      ['', 'not the name'],
    ])('C164 refuses the channel %j', async (channel_name, reason) => {
      const { endpoint } = endpointWith()
      const refused = await read(endpoint.authorizeChannel(post({ ...privateOrder, channel_name })))
      expect(refused).toEqual({ status: 403, error: expect.stringContaining(reason) })
    })

    it.each([
      {},
      { socket_id: '1.2' },
      { channel_name: 'private-orders.1' },
      { socket_id: 1.2, channel_name: 'private-orders.1' },
      { socket_id: '1.2', channel_name: ['private-orders.1'] },
      { socket_id: { toString: '1.2' }, channel_name: null },
    ])('C165 refuses %j with 403 and JSON', async (body) => {
      const { endpoint } = endpointWith()
      const refused = await read(
        endpoint.authorizeChannel(post({}, { headers: json, body: JSON.stringify(body) })),
      )
      expect(refused).toEqual({ status: 403, error: expect.any(String) })
    })

    it('signs for the app that ?app= names, and for no unknown one', async () => {
      const { endpoint } = endpointWith()
      const ask = (app: unknown) => read(endpoint.authorizeChannel(post(privateOrder, { query: { app } })))
      expect((await ask('other-key')).auth).toMatch(/^other-key:[0-9a-f]{64}$/)
      expect(await ask('nobody')).toEqual({ status: 403, error: 'No app has this key' })
      expect(await ask(['app-key', 'other-key'])).toMatchObject({ status: 403 })
    })

    it('gives the user function and the rule the request of the framework', async () => {
      const original = { session: 1 }
      const user = vi.fn(() => Promise.resolve(ann))
      const rule = vi.fn(() => true)
      const { endpoint } = endpointWith({ user }, rule)
      await endpoint.authorizeChannel(post(privateOrder, { original }))
      expect(user).toHaveBeenCalledExactlyOnceWith(original)
      expect(rule).toHaveBeenCalledWith(
        expect.objectContaining({ request: original, user: ann, params: { id: '42' } }),
      )
    })

    it('says in production no more than that it refuses', async () => {
      const { endpoint, logger } = endpointWith({}, () => false)
      expect(await read(endpoint.authorizeChannel(post(privateOrder)))).toEqual({
        status: 403,
        error: 'You may not join this channel',
      })
      expect(logger.info).not.toHaveBeenCalled()
    })

    it('says in development which rule matched, or nearly, and whether a user was found', async () => {
      const explained = async (parts: Partial<AuthEndpointParts>, channel_name = 'private-orders.1') => {
        const { endpoint, logger } = endpointWith({ explain: true, ...parts }, () => false)
        const answer = await read(endpoint.authorizeChannel(post({ socket_id: '1.2', channel_name })))
        expect(logger.info).toHaveBeenCalledWith(expect.stringContaining(channel_name))
        return answer
      }
      expect(await explained({})).toEqual({
        status: 403,
        error: 'You may not join this channel',
        channel: 'private-orders.1',
        rule: 'orders.{id}',
        reason: 'the rule said no',
        user: 'found: 7',
      })
      expect(await explained({ user: () => null })).toMatchObject({
        reason: 'the rule admits no guests',
        user: 'none: the user function found nobody',
      })
      expect(await explained({ user: undefined }, 'private-order.1')).toMatchObject({
        rule: null,
        reason: 'no rule matches "order.1"; the nearest is "orders.{id}"',
        user: 'unknown: no user function is configured',
      })
    })

    it.each<[string, Partial<AuthEndpointParts>, ChannelRule]>([
      ['a rule throws', {}, () => Promise.reject(new Error('no database'))],
      ['the user function throws', { user: () => Promise.reject(new Error('no database')) }, () => true],
      ['the user has no id', { user: () => ({ name: 'Ann' }) as never }, () => true],
      ['the info is not JSON', {}, () => ({ id: 1, info: { since: new Date() } })],
    ])('answers 500 and logs it when %s', async (_what, parts, rule) => {
      const { endpoint, logger } = endpointWith(parts, rule)
      expect(await read(endpoint.authorizeChannel(post(presenceOrder)))).toEqual({
        status: 500,
        error: 'Authorization failed',
      })
      expect(logger.error).toHaveBeenCalledOnce()
    })

    it.each<[string, Partial<AuthEndpointParts>, ChannelRule]>([
      [
        'Channel rule "orders.{id}" failed for presence-orders.42 (user 7): no database',
        {},
        () => Promise.reject(new Error('no database')),
      ],
      [
        'The user function of the configuration failed: no database',
        { user: () => Promise.reject(new Error('no database')) },
        () => true,
      ],
    ])('says in one line what failed, the stack at debug: %s', async (reason, parts, rule) => {
      const { endpoint, logger } = endpointWith({ explain: true, ...parts }, rule)
      expect(await read(endpoint.authorizeChannel(post(presenceOrder)))).toMatchObject({
        status: 500,
        reason,
      })
      expect(logger.error).toHaveBeenCalledWith(`Auth endpoint: ${reason}`)
      expect(logger.debug).toHaveBeenCalledWith(expect.stringContaining('auth-endpoint.test.ts'))
    })
  })

  it('says of whom there is something that is not JSON', async () => {
    const info = { since: new Date() }
    const { endpoint, logger } = endpointWith({ user: () => ({ id: 7, info }) })
    await endpoint.authorizeChannel(post(presenceOrder))
    await endpoint.authenticateUser(post(presenceOrder))
    const problem = '"user_info.since" is an instance of Date'
    expect(logger.error.mock.calls).toEqual([
      [expect.stringMatching(`^Auth endpoint: The member of presence-orders.42: ${problem}`)],
      [expect.stringMatching(`^Auth endpoint: The user: ${problem}`)],
    ])
  })

  describe('when the code of the app never answers', () => {
    const never = () => new Promise<never>(() => {})

    beforeEach(() => void vi.useFakeTimers())
    afterEach(() => void vi.useRealTimers())

    it.each<[string, string, Partial<AuthEndpointParts>, ChannelRule]>([
      ['the rule', 'Channel rule "orders.{id}", asked for presence-orders.42,', {}, never],
      [
        'the user function',
        'The user function of the configuration, asked for presence-orders.42,',
        { user: never },
        () => true,
      ],
    ])('answers 503 after ten seconds and says that it was %s', async (_what, asked, parts, rule) => {
      const { endpoint, logger } = endpointWith(parts, rule)
      const answer = read(endpoint.authorizeChannel(post(presenceOrder)))
      await vi.advanceTimersByTimeAsync(10_000)
      expect(await answer).toEqual({ status: 503, error: 'Authorization failed' })
      expect(logger.error).toHaveBeenCalledExactlyOnceWith(
        `Auth endpoint: ${asked} has not answered within 10 seconds`,
      )
      expect(vi.getTimerCount()).toBe(0)
    })

    it('answers a sign-in so, too', async () => {
      const { endpoint, logger } = endpointWith({ user: never })
      const answer = read(endpoint.authenticateUser(post(privateOrder)))
      await vi.advanceTimersByTimeAsync(10_000)
      expect(await answer).toMatchObject({ status: 503 })
      expect(logger.error).toHaveBeenCalledExactlyOnceWith(
        'Auth endpoint: The user function of the configuration, asked for a sign-in, has not answered within 10 seconds',
      )
    })

    it('keeps no timer of what has answered', async () => {
      const { endpoint } = endpointWith({ user: async () => ann }, async () => true)
      expect(await read(endpoint.authorizeChannel(post(presenceOrder)))).toMatchObject({ status: 200 })
      expect(vi.getTimerCount()).toBe(0)
    })
  })

  describe('#authenticateUser', () => {
    it('signs the user as a string that holds JSON', async () => {
      const { endpoint } = endpointWith({ user: () => ({ id: '12345' }) })
      apps['278d425bdf160c739803'] = '7ad3773142a6692b25b8'
      const query = { app: '278d425bdf160c739803' }
      expect(await read(endpoint.authenticateUser(post({ socket_id: '1234.1234' }, { query })))).toEqual({
        status: 200,
        auth: '278d425bdf160c739803:4708d583dada6a56435fb8bc611c77c359a31eebde13337c16ab43aa6de336ba',
        user_data: '{"id":"12345"}',
      })
    })

    it('C163 signs whom the user watches as the Node SDK does, as strings', async () => {
      const pusher = new Pusher({ appId: '1', key: 'app-key', secret: 'app-secret', cluster: '' })
      const { endpoint } = endpointWith({ user: () => ({ ...ann, watchlist: [8, '9'] }) })
      const user = { id: '7', user_info: { name: 'Zoë' }, watchlist: ['8', '9'] }
      expect(await read(endpoint.authenticateUser(post(privateOrder)))).toEqual({
        status: 200,
        auth: 'app-key:026898a80fab505967c5b8c8062b1dc5e13f7d869b1e42a869ab79bc6f1824dd',
        user_data: JSON.stringify(user),
      })
      expect(pusher.authenticateUser(privateOrder.socket_id, user)).toEqual({
        auth: 'app-key:026898a80fab505967c5b8c8062b1dc5e13f7d869b1e42a869ab79bc6f1824dd',
        user_data: JSON.stringify(user),
      })
    })

    it('tells members of a presence channel nothing of it', async () => {
      const { endpoint } = endpointWith({ user: () => ({ id: '7', watchlist: ['8'] }) })
      expect(await read(endpoint.authorizeChannel(post(presenceOrder)))).toMatchObject({
        channel_data: '{"user_id":"7"}',
      })
    })

    it.each(['8', {}, [null], [{ id: 8 }], ['']])('answers 500 to the watchlist %j', async (watchlist) => {
      const { endpoint, logger } = endpointWith({ user: () => ({ id: '7', watchlist: watchlist as never }) })
      expect(await read(endpoint.authenticateUser(post(privateOrder)))).toMatchObject({ status: 500 })
      expect(logger.error).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('watchlist'))
    })

    it('refuses guests with 403, and says in development why', async () => {
      const guest = endpointWith({ user: () => undefined }).endpoint
      expect(await read(guest.authenticateUser(post({ socket_id: '1.2' })))).toEqual({
        status: 403,
        error: 'Nobody is signed in',
      })
      const explaining = endpointWith({ user: undefined, explain: true }).endpoint
      expect(await read(explaining.authenticateUser(post({ socket_id: '1.2' })))).toMatchObject({
        user: 'unknown: no user function is configured',
      })
    })
  })

  describe('#routes', () => {
    it('are two, under the configured path, and answer preflights only where other origins are allowed', () => {
      const shape = (parts: Partial<AuthEndpointParts>) =>
        endpointWith(parts).endpoint.routes.map(({ methods, path }) => `${methods} ${path}`)
      expect(shape({})).toEqual(['GET,POST /broadcasting/auth', 'GET,POST /broadcasting/user-auth'])
      expect(shape({ auth: { path: '/realtime', allowedOrigins: ['shop.example'] } })).toEqual([
        'GET,POST,OPTIONS /realtime/auth',
        'GET,POST,OPTIONS /realtime/user-auth',
      ])
    })
  })

  it.each(['', '/', 'realtime', '/realtime/', '/a b', '/a?b'])('refuses the path %j', (path) => {
    expect(() => endpointWith({ auth: { path } })).toThrow('auth.path')
  })

  describe('across origins', () => {
    const origin = 'https://shop.example'
    const preflight = (headers: Record<string, string>, allowedOrigins?: string[]) =>
      endpointWith(allowedOrigins ? { auth: { allowedOrigins } } : {}).endpoint.authorizeChannel(
        post({}, { method: 'OPTIONS', headers }),
      )

    it('answers a preflight for an allowed origin', async () => {
      const wanted = { origin, 'access-control-request-headers': 'authorization,x-csrf-token' }
      expect(await preflight(wanted, ['*.example', 'shop.example'])).toEqual({
        status: 204,
        body: '',
        headers: {
          vary: 'Origin',
          'access-control-allow-origin': origin,
          'access-control-allow-credentials': 'true',
          'access-control-allow-methods': 'GET, POST',
          'access-control-allow-headers': 'authorization,x-csrf-token',
        },
      })
    })

    it('gives other origins nothing but Vary, and nobody anything by default', async () => {
      expect((await preflight({ origin: 'https://evil.example' }, ['shop.example'])).headers).toEqual({
        vary: 'Origin',
      })
      expect((await preflight({ origin })).headers).toEqual({})
    })

    it('repeats no header that could forge another', async () => {
      const wanted = { origin, 'access-control-request-headers': 'x\r\nset-cookie: a=b' }
      const { headers } = await preflight(wanted, ['shop.example'])
      expect(headers['access-control-allow-headers']).toBe('content-type')
    })

    it('lets pages of allowed origins read answers, refusals too', async () => {
      const { endpoint } = endpointWith({ auth: { allowedOrigins: ['shop.example'] } })
      for (const channel_name of ['private-orders.1', 'orders.1']) {
        const request = post({ socket_id: '1.2', channel_name }, { headers: { ...form, origin } })
        const { headers } = await endpoint.authorizeChannel(request)
        expect(headers).toMatchObject({ vary: 'Origin', 'access-control-allow-origin': origin })
      }
    })

    it.each([
      [origin, ['shop.example'], true],
      [origin, ['https://shop.example'], true],
      [origin, ['*.example', '*'], false],
      ['https://evil.shop.example', ['*.shop.example', 'shop.example'], false],
      ['http://shop.example', ['shop.example'], false],
      ['http://shop.example', ['*.example', 'http://shop.example'], true],
    ])('takes cookies from %s where %j is allowed: %s', async (from, allowedOrigins, takes) => {
      const { headers } = await preflight({ origin: from }, allowedOrigins)
      expect(headers['access-control-allow-origin']).toBe(from)
      expect('access-control-allow-credentials' in headers).toBe(takes)
    })

    it('takes no cookies from everywhere when every origin is allowed', async () => {
      const { headers } = await preflight({ origin }, ['*'])
      expect(headers['access-control-allow-origin']).toBe(origin)
      expect(headers).not.toHaveProperty('access-control-allow-credentials')
    })
  })
})

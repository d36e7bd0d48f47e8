import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Broadcast } from './broadcasting/broadcast.ts'
import { BroadcastManager } from './broadcasting/broadcast-manager.ts'
import { BroadcastError } from './broadcasting/errors.ts'
import { Application } from './foundation/application.ts'
import { Provider } from './foundation/provider.ts'
import { FastifyProvider } from './integrations/fastify.ts'
import { signChannel } from './protocol/signature.ts'
import { type BroadcastingConfig, ReverbProvider } from './reverb-provider.ts'
import { ConfigurationError } from './support/errors.ts'
import type { Env } from './support/settings.ts'

const logger = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() }
const apps: Application[] = []
const folders: string[] = []

afterEach(async () => {
  for (const app of apps.splice(0)) await app.shutdown()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
  vi.clearAllMocks()
})

/** An application that, where it listens at all, takes a free port of the loopback interface. */
function applicationWith(
  config: BroadcastingConfig = {},
  env: Env = {},
  {
    basePath = join(tmpdir(), 'nothing-here'),
    boot,
  }: { basePath?: string; boot?: (app: Application) => unknown } = {},
) {
  class AppProvider extends Provider {
    override async boot() {
      await boot?.(this.app)
    }
  }
  const app = new Application({
    basePath,
    providers: [FastifyProvider, [ReverbProvider, { logger, ...config }], AppProvider],
    env: { REVERB_HOST: '127.0.0.1', REVERB_PORT: '0', ...env },
  })
  apps.push(app)
  return app
}

/** A folder with these files. */
function folderWith(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'provider-'))
  folders.push(folder)
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}

const linesOf = (level: 'info' | 'warn') => logger[level].mock.calls.flat().join('\n')

/** Mounts the server as the seed does it. */
async function mounted(app: Application): Promise<void> {
  await app.fastify.register(app.make('reverb.server').asFastifyPlugin('local'), { prefix: '/reverb' })
}

const reverb = { BROADCAST_DRIVER: 'reverb' }

describe('ReverbProvider', () => {
  it('installs no signal handlers, and does not take uncaught errors', async () => {
    const listeners = () => process.eventNames().map((name) => [name, process.listenerCount(name)])
    const before = listeners()
    await applicationWith({}, reverb, { boot: mounted }).boot()
    await applicationWith({}, reverb).boot()
    expect(listeners()).toEqual(before)
  })

  it('with nothing configured logs, and opens no port', async () => {
    const app = applicationWith()
    await app.boot()
    await app.make('broadcasting').on('a').as('b').send()
    expect(linesOf('info')).toBe('[Broadcast] channel=a event=b data={}')
    await expect(app.make('reverb.server').listen()).rejects.toThrow('serve: false')
  })

  describe('with driver reverb', () => {
    it('listens on its own port when nobody has mounted the server, and says where', async () => {
      const app = applicationWith({}, reverb)
      await app.boot()
      const [said, listens = ''] = logger.info.mock.calls.flat()
      expect(said).toBe('Driver reverb sends in this process')
      const [, port] = /^Reverb listens on http:\/\/127\.0\.0\.1:(\d+)$/.exec(listens) ?? []
      expect((await fetch(`http://127.0.0.1:${port}/up`)).status).toBe(200)
      await app.shutdown()
      await expect(fetch(`http://127.0.0.1:${port}/up`)).rejects.toThrow()
    })

    it('listens nowhere when a later provider mounts the server', async () => {
      const app = applicationWith({}, reverb, { boot: mounted })
      await app.boot()
      expect(linesOf('info')).toBe('Driver reverb sends in this process')
      expect((await app.fastify.inject('/reverb/up')).statusCode).toBe(200)
      const receipt = await app.make('broadcasting').on('a').as('b').send()
      expect(receipt).toEqual({ driver: 'reverb', event: 'b', channels: [{ name: 'a', recipients: 0 }] })
    })

    it('stops the boot when the port is in use, and closes what had started', async () => {
      const first = applicationWith({}, reverb)
      await first.boot()
      const [, port = ''] = /:(\d+)$/.exec(linesOf('info')) ?? []
      const second = applicationWith({}, { ...reverb, REVERB_PORT: port })
      await expect(second.boot()).rejects.toThrow(/REVERB_PORT/)
      expect((await fetch(`http://127.0.0.1:${port}/up`)).status).toBe(200)
    })

    it('takes it from a connection of another name, too', async () => {
      const connections = { realtime: { driver: 'reverb' } }
      const app = applicationWith({ driver: 'realtime', connections }, {}, { boot: mounted })
      await app.boot()
      expect((await app.fastify.inject('/reverb/up')).statusCode).toBe(200)
    })

    it('carries no server with REVERB_SERVER=none, and sends to that of another process', async () => {
      const elsewhere = applicationWith({}, reverb, { boot: mounted })
      await elsewhere.boot()
      const { port } = new URL(await elsewhere.fastify.listen({ host: '127.0.0.1', port: 0 }))
      logger.info.mockClear()
      const worker = applicationWith(
        { server: { publicHost: '127.0.0.1', publicPort: Number(port), publicPath: '/reverb' } },
        { ...reverb, REVERB_SERVER: 'none' },
      )
      await worker.boot()
      expect(linesOf('info')).toBe(`Driver reverb sends over HTTP to http://127.0.0.1:${port}/reverb`)
      const receipt = await worker.make('broadcasting').on('a').as('b').send()
      expect(receipt).toMatchObject({ driver: 'reverb', channels: [{ name: 'a', subscriptions: 0 }] })
      await worker.make('broadcasting').disconnectUser(7)
    })

    it('says which server it did not reach with REVERB_SERVER=none', async () => {
      const app = applicationWith({}, { ...reverb, REVERB_SERVER: 'none', REVERB_PORT: '1' })
      await app.boot()
      const failure = await app
        .make('broadcasting')
        .on('a')
        .send()
        .catch((error: unknown) => error)
      expect(failure).toBeInstanceOf(BroadcastError)
      expect(String(failure)).toContain('http://127.0.0.1:1')
    })

    it('refuses the default secret in production', async () => {
      const app = applicationWith({}, { ...reverb, NODE_ENV: 'production' })
      await expect(app.boot()).rejects.toThrow(ConfigurationError)
    })
  })

  const quiet = { log: { driver: 'null' } }
  const idle: [config: BroadcastingConfig, env: Env, reason: string][] = [
    [{}, {}, 'BROADCAST_DRIVER is not set, so the driver is log, not reverb'],
    [{ driver: 'log' }, {}, 'driver is log, not reverb'],
    [{}, { BROADCAST_DRIVER: 'null' }, 'BROADCAST_DRIVER is null, not reverb'],
    [{}, { BROADCAST_CONNECTION: 'null' }, 'BROADCAST_CONNECTION is null, not reverb'],
    [
      { connections: quiet },
      { BROADCAST_DRIVER: 'log' },
      'BROADCAST_DRIVER is log, whose driver is null, not reverb',
    ],
  ]
  it.each(idle)(
    'with %j and %j a mounted server serves nothing, and one line says why',
    async (config, env, reason) => {
      const app = applicationWith(config, env, { boot: mounted })
      await app.boot()
      expect((await app.fastify.inject('/reverb/up')).statusCode).toBe(404)
      expect(logger.info).toHaveBeenCalledExactlyOnceWith(`Reverb is mounted but serves nothing: ${reason}`)
    },
  )

  it('says of a mounted server that REVERB_SERVER is what keeps it from serving', async () => {
    await applicationWith(
      {},
      { ...reverb, REVERB_SERVER: 'none', REVERB_PORT: '1' },
      { boot: mounted },
    ).boot()
    expect(linesOf('info')).toContain('Reverb is mounted but serves nothing: REVERB_SERVER is none')
  })

  describe('in production', () => {
    const production = { NODE_ENV: 'production' }

    it('warns once at boot when nothing says how to broadcast, whatever is sent afterwards', async () => {
      const app = applicationWith({}, production)
      await app.boot()
      await app.make('broadcasting').on('a').send()
      expect(logger.warn).toHaveBeenCalledExactlyOnceWith(
        expect.stringMatching(
          /^Nobody gets what is broadcast: BROADCAST_DRIVER is not set.*Set it to reverb or pusher/,
        ),
      )
    })

    it.each([
      [{ driver: 'log' }, {}],
      [{}, { BROADCAST_DRIVER: 'log' }],
      [{}, { BROADCAST_CONNECTION: 'log' }],
      [{ driver: 'null' }, {}],
    ])('does not warn of what was chosen: %j, %j', async (config, env) => {
      const app = applicationWith(config, { ...production, ...env })
      await app.boot()
      await app.make('broadcasting').on('a').send().via('log')
      expect(logger.warn).not.toHaveBeenCalled()
    })

    it('warns at the first broadcast where there is no application', async () => {
      const manager = new BroadcastManager({ logger }, { env: production })
      await manager.on('a').send()
      await manager.on('a').send()
      expect(logger.warn).toHaveBeenCalledOnce()
    })
  })

  it('lets options of the server through', async () => {
    const server = { apps: [{ id: '1', key: 'shop', secret: 's', maxConnections: 5 }] }
    const app = applicationWith(
      { driver: 'reverb', server },
      {},
      { boot: (app) => app.make('reverb.server').asFastifyPlugin('shop') },
    )
    await app.boot()
    expect(app.make('reverb.server').options.apps).toMatchObject([{ key: 'shop', maxConnections: 5 }])
  })

  describe('stops the boot', () => {
    it('for an unknown driver, with the known ones', async () => {
      const app = applicationWith({}, { BROADCAST_DRIVER: 'revreb' })
      await expect(app.boot()).rejects.toThrow(
        /^Unknown broadcast driver "revreb"\. Known: log, null, pusher, reverb\./,
      )
    })

    it('for a connection to an app that there is not', async () => {
      const connections = { shop: { driver: 'reverb', app: 'shop-key' } }
      await expect(applicationWith({ connections }).boot()).rejects.toThrow(
        'The connection "shop": no app has the key "shop-key"; known keys: local',
      )
    })

    it('for a master key that is none, which it does not show', async () => {
      const boot = applicationWith({}, { REVERB_ENCRYPTION_MASTER_KEY: 'c2hvcnQ=' }).boot()
      await expect(boot).rejects.toThrow(
        /^REVERB_ENCRYPTION_MASTER_KEY: its value is not allowed; expected the Base64 of 32 bytes/,
      )
    })

    it('for a driver that lacks what it needs', async () => {
      await expect(applicationWith({}, { BROADCAST_DRIVER: 'pusher' }).boot()).rejects.toThrow(
        'PUSHER_APP_ID',
      )
    })

    it('for a setting that is not allowed', async () => {
      await expect(applicationWith({}, { REVERB_SERVER: 'maybe' }).boot()).rejects.toThrow('REVERB_SERVER')
    })
  })

  it('accepts a driver that a later provider registers', async () => {
    const sent = vi.fn()
    const app = applicationWith(
      { driver: 'pigeon' },
      {},
      { boot: () => Broadcast.extend('pigeon', () => ({ broadcast: sent })) },
    )
    await app.boot()
    await Broadcast.on('a').as('b').send()
    expect(sent).toHaveBeenCalledOnce()
  })

  it('closes the drivers with the application', async () => {
    const close = vi.fn()
    const app = applicationWith(
      {},
      {},
      {
        boot: () => Broadcast.extend('pigeon', () => ({ broadcast: () => {}, close })),
      },
    )
    await app.boot()
    await Broadcast.on('a').send().via('pigeon')
    await app.shutdown()
    expect(close).toHaveBeenCalledOnce()
  })

  describe('loads routes/channels', () => {
    const rules = `Broadcast.channel('orders.{id}', ({ user, params }) => params.id === String(user.id))`
    const ask = (id: string) => ({
      channel: `private-orders.${id}`,
      socketId: '1.2',
      user: { id: 7 },
      request: undefined as never,
    })

    // The file imports the package in real life; here it must find the very module that is tested.
    beforeEach(() => void vi.stubGlobal('Broadcast', Broadcast))
    afterEach(() => void vi.unstubAllGlobals())

    it.each(['js', 'mjs'])('.%s, for every application of the process', async (extension) => {
      const basePath = folderWith({ [`routes/channels.${extension}`]: rules })
      for (let round = 0; round < 2; round++) {
        const app = applicationWith({}, {}, { basePath })
        await app.boot()
        const { authorizer } = app.make('broadcasting')
        expect(await authorizer.decide(ask('7'))).toMatchObject({ granted: true })
        expect(await authorizer.decide(ask('8'))).toMatchObject({ granted: false, rule: 'orders.{id}' })
        expect(authorizer.patterns).toEqual(['orders.{id}'])
        await app.shutdown()
      }
    })

    it('once for several that boot together, each with every rule', async () => {
      vi.stubGlobal('loaded', vi.fn())
      const slow = `loaded()
        ${rules}
        await new Promise((resolve) => setTimeout(resolve, 10))
        Broadcast.channel('news', () => true)`
      const basePath = folderWith({ 'routes/channels.mjs': slow })
      const together = ['one', 'two', 'three'].map((name) => {
        const boot = () => Broadcast.channel(name, () => true)
        return applicationWith({}, {}, { basePath, boot })
      })
      await Promise.all(together.map((app) => app.boot()))
      const patterns = together.map((app) => app.make('broadcasting').authorizer.patterns)
      expect(patterns).toEqual(['one', 'two', 'three'].map((name) => ['orders.{id}', 'news', name]))
      expect(Reflect.get(globalThis, 'loaded')).toHaveBeenCalledOnce()
    })

    it('and stops the boot of every application when that fails, even after some rules', async () => {
      const basePath = folderWith({ 'routes/channels.mjs': `${rules}; throw new Error("no more")` })
      const boots = () => applicationWith({}, {}, { basePath }).boot()
      const together = await Promise.allSettled([boots(), boots()])
      expect(together.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
      await expect(boots()).rejects.toThrow('no more')
    })

    it('leaves what the file registers later to the application that runs then', async () => {
      const later = `globalThis.registerLater = () => Broadcast.channel('later', () => true)`
      const basePath = folderWith({ 'routes/channels.mjs': `${rules};${later}` })
      const app = applicationWith({}, {}, { basePath })
      await app.boot()
      Reflect.get(globalThis, 'registerLater')()
      expect(app.make('broadcasting').authorizer.patterns).toEqual(['orders.{id}', 'later'])
    })

    it('.js before .mjs, and only that one', async () => {
      const basePath = folderWith({
        'routes/channels.js': rules,
        'routes/channels.mjs': 'throw new Error("second")',
      })
      await applicationWith({}, {}, { basePath }).boot()
    })

    it('and stops the boot when that fails', async () => {
      const basePath = folderWith({ 'routes/channels.mjs': 'throw new Error("no rules")' })
      await expect(applicationWith({}, {}, { basePath }).boot()).rejects.toThrow('no rules')
    })

    it('and warns of rules that overlap, also with those of a later provider', async () => {
      const basePath = folderWith({ 'routes/channels.mjs': rules })
      const boot = () => Broadcast.channel('orders.latest', () => true)
      await applicationWith({}, {}, { basePath, boot }).boot()
      expect(linesOf('warn')).toBe(
        'Channel rules "orders.{id}" and "orders.latest" overlap: where both match, the first one decides',
      )
    })
  })

  describe('adds the auth endpoint to the web app', () => {
    const fields = 'socket_id=1.2&channel_name=private-orders.7'
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    const user = () => ({ id: 7 })
    const boot = () => Broadcast.channel('orders.{id}', () => true)
    const ask = (app: Application, url = '/broadcasting/auth') =>
      app.fastify.inject({ method: 'POST', url, headers: form, payload: fields })

    it('which signs for the first app, or that of the connection, or the one asked for', async () => {
      const server = { apps: ['a', 'b', 'c'].map((name) => ({ id: name, key: `key-${name}`, secret: name })) }
      const connections = { reverb: { driver: 'reverb', app: 'key-b' } }
      const first = applicationWith({ server, user }, {}, { boot })
      await first.boot()
      expect((await ask(first)).json().auth).toMatch(/^key-a:/)
      await first.shutdown()
      const named = applicationWith({ driver: 'reverb', server, connections, user }, {}, { boot })
      await named.boot()
      expect((await ask(named)).json().auth).toMatch(/^key-b:/)
      expect((await ask(named, '/broadcasting/auth?app=key-c')).json().auth).toMatch(/^key-c:/)
    })

    it('which gives the key of an encrypted channel, and whom the user watches', async () => {
      const masterKey = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8='
      const app = applicationWith(
        { user: () => ({ id: 7, watchlist: [8] }) },
        { REVERB_ENCRYPTION_MASTER_KEY: masterKey },
        { boot },
      )
      await app.boot()
      const payload = 'socket_id=1.2&channel_name=private-encrypted-orders.42'
      const post = (path: string) =>
        app.fastify.inject({ method: 'POST', url: `/broadcasting/${path}`, headers: form, payload })
      expect((await post('auth')).json()).toEqual({
        auth: expect.stringMatching(/^local:/),
        shared_secret: '1p2xOYUKMFi7esECwtVrgbYWw5p/Jyo0M/uighBM4/Y=',
      })
      expect((await post('user-auth')).json().user_data).toBe('{"id":"7","watchlist":["8"]}')
      expect(linesOf('info')).not.toContain(masterKey)
    })

    it('which signs for Pusher where that is where events go', async () => {
      const env = {
        BROADCAST_DRIVER: 'pusher',
        PUSHER_APP_ID: '1',
        PUSHER_APP_KEY: 'pusher-key',
        PUSHER_APP_SECRET: 'pusher-secret',
        PUSHER_APP_CLUSTER: 'eu',
      }
      const app = applicationWith({ user }, env, { boot })
      await app.boot()
      const auth = signChannel({ key: 'pusher-key', secret: 'pusher-secret' }, '1.2', 'private-orders.7')
      expect((await ask(app)).json()).toEqual({ auth })
      expect((await ask(app, '/broadcasting/auth?app=pusher-key')).json()).toEqual({ auth })
      expect((await ask(app, '/broadcasting/auth?app=local')).json().auth).toMatch(/^local:/)
    })

    it('under the configured path, with preflights for the allowed origins', async () => {
      const auth = { path: '/realtime', allowedOrigins: ['shop.example'] }
      const app = applicationWith({ auth, user }, {}, { boot })
      await app.boot()
      expect((await ask(app)).statusCode).toBe(404)
      expect((await ask(app, '/realtime/auth')).statusCode).toBe(200)
      const headers = { origin: 'https://shop.example' }
      const preflight = await app.fastify.inject({ method: 'OPTIONS', url: '/realtime/user-auth', headers })
      expect(preflight.statusCode).toBe(204)
      expect(preflight.headers['access-control-allow-origin']).toBe('https://shop.example')
    })

    it.each(['https://shop.example/', 'https://', 'http//shop.example', 'shop.example/path'])(
      'but not where %s is an allowed origin, which allows nobody',
      async (origin) => {
        const app = applicationWith({ auth: { allowedOrigins: [origin] }, user }, {}, { boot })
        await expect(app.boot()).rejects.toThrow(`auth.allowedOrigins: "${origin}" is not allowed`)
      },
    )

    it('which sees what hooks of later providers did to the request', async () => {
      const app = applicationWith(
        { user: (request) => Reflect.get(request, 'account') },
        {},
        {
          boot: ({ fastify }) => {
            boot()
            fastify.addHook(
              'onRequest',
              async (request) => void Object.assign(request, { account: { id: 7 } }),
            )
          },
        },
      )
      await app.boot()
      expect((await ask(app)).statusCode).toBe(200)
    })

    it('which explains refusals outside production only', async () => {
      const inDevelopment = applicationWith()
      await inDevelopment.boot()
      expect((await ask(inDevelopment)).json()).toMatchObject({
        reason: expect.stringMatching(/^no rules are registered/),
      })
      const inProduction = applicationWith({}, { NODE_ENV: 'production' })
      await inProduction.boot()
      expect((await ask(inProduction)).json()).toEqual({ error: 'You may not join this channel' })
    })

    it('which says where it looked for rules when there are none', async () => {
      const basePath = folderWith({})
      const withoutFile = applicationWith({}, {}, { basePath })
      await withoutFile.boot()
      const files = ['js', 'mjs', 'ts'].map((extension) => join(basePath, 'routes', `channels.${extension}`))
      expect((await ask(withoutFile)).json().reason).toBe(
        `no rules are registered; there is no ${files.join(', ')}`,
      )
      const empty = folderWith({ 'routes/channels.mjs': '' })
      const withoutRules = applicationWith({}, {}, { basePath: empty })
      await withoutRules.boot()
      expect((await ask(withoutRules)).json().reason).toBe(
        `no rules are registered; ${join(empty, 'routes', 'channels.mjs')} was loaded`,
      )
      const withOne = applicationWith({}, {}, { basePath, boot: () => Broadcast.channel('news', () => true) })
      await withOne.boot()
      expect((await ask(withOne)).json().reason).toBe('no rule matches "orders.7"')
    })

    it('and needs no web app', async () => {
      const app = new Application({ providers: [[ReverbProvider, { logger }]], env: {} })
      apps.push(app)
      await app.boot()
      expect(app.has('http')).toBe(false)
    })
  })
})

describe('ReverbProvider and the environment', () => {
  it('warns once of a variable that it does not know', async () => {
    await applicationWith({}, { REVERB_PROT: '1' }).boot()
    expect(linesOf('warn')).toBe('REVERB_PROT is not a setting; did you mean REVERB_PORT?')
  })

  it('tells browsers where the auth endpoint is', async () => {
    const app = applicationWith({ auth: { path: '/realtime' } })
    await app.boot()
    const { channelAuthorization } = app.make('reverb.server').clientOptions().options
    expect(channelAuthorization.endpoint).toBe('/realtime/auth')
  })
})

describe('ReverbProvider and options that do not exist', () => {
  it.each([
    [{ drvier: 'log' }, '"drvier" is not an option; did you mean "driver"?'],
    [{ auth: { paht: '/x' } }, '"paht" is not an option; did you mean "path"?'],
    [{ connections: { log: { driver: 'log', chanel: 'a' } } }, '"chanel" is not an option'],
    [{ connections: { audit: { driver: 'null', chanel: 'a' } } }, '"chanel" is not an option'],
    [
      { driver: 'reverb', connections: { reverb: { driver: 'reverb', tiemout: 5 } } },
      '"tiemout" is not an option; did you mean "timeout"?',
    ],
    [
      { connections: { cloud: { driver: 'pusher', clutser: 'eu' } } },
      '"clutser" is not an option; did you mean "cluster"?',
    ],
    [{ server: { activityTimout: 5 } }, '"activityTimout" is not an option; did you mean "activityTimeout"?'],
  ])('refuses %j', async (config, message) => {
    await expect(applicationWith(config as BroadcastingConfig).boot()).rejects.toThrow(message)
  })

  it('gives a driver of the app every option, also where it has taken the name of one of ours', async () => {
    const factory = vi.fn(() => ({ broadcast: () => {} }))
    const connections = { log: { driver: 'log', chanel: 'a' } }
    await applicationWith({ connections }, {}, { boot: () => Broadcast.extend('log', factory) }).boot()
    expect(factory).toHaveBeenCalledExactlyOnceWith(connections.log, expect.anything())
  })
})

import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../support/errors.ts'
import type { Env } from '../support/settings.ts'
import type { AppOptions } from './apps/app-options.ts'
import { resolveServerConfig } from './config.ts'
import { ReverbServer } from './server.ts'
import type { ReverbServerOptions } from './server-options.ts'

const app = { id: 'a', key: 'key-a', secret: 'secret-a' }

/** What whoever set this is told. */
function complaint(options: ReverbServerOptions, env: Env = {}): string {
  try {
    resolveServerConfig(options, env)
  } catch (thrown) {
    if (thrown instanceof ConfigurationError) return thrown.message
    throw thrown
  }
  throw new Error('was allowed')
}

const complaintOf = (variable: string, value: string) => complaint({}, { [variable]: value })

/** Options that the compiler would refuse. */
const untyped = (options: Record<string, unknown>) => options as ReverbServerOptions

describe('resolveServerConfig', () => {
  describe('defaults', () => {
    it('are those of the seed', () => {
      expect(resolveServerConfig({}, {})).toMatchObject({
        appId: '1',
        appKey: 'local',
        appSecret: 'secret',
        host: '0.0.0.0',
        port: 8080,
        scheme: 'http',
        path: '',
        serve: true,
        authPath: '/broadcasting',
      })
    })

    it('make one app of them, with every limit', () => {
      const config = resolveServerConfig({}, {})
      expect(config.apps).toEqual([
        {
          id: '1',
          key: 'local',
          secret: 'secret',
          previousSecret: undefined,
          enabled: true,
          requireTls: false,
          strictProtocol: false,
          apiRate: 0,
          cacheTtl: 1800,
          subscriptionCount: false,
          userAuthTimeout: 0,
          webhooks: [],
          allowedOrigins: ['*'],
          clientEvents: 'members',
          activityTimeout: 120,
          pingInterval: 60,
          pongTimeout: 30,
          maxConnections: 0,
          maxMessageSize: 102_400,
          maxClientEventSize: 10_240,
          maxEventSize: 102_400,
          maxRequestSize: 1_048_576,
          maxChannelName: 200,
          maxChannelsPerConnection: 200,
          maxChannelsPerEvent: 100,
          maxBatch: 10,
          presenceMaxMembers: 100,
          presenceMaxInfo: 2048,
          presenceMaxUserId: 128,
          clientEventRate: 10,
          messageRate: 500,
        },
      ])
    })

    it('are frozen', () => {
      expect(Object.isFrozen(resolveServerConfig({}, {}))).toBe(true)
    })
  })

  describe('values', () => {
    it('of code win over the environment, and those over defaults', () => {
      const env = { REVERB_PORT: '9000', REVERB_HOST: '127.0.0.1' }
      expect(resolveServerConfig({ port: 7000 }, env)).toMatchObject({
        port: 7000,
        host: '127.0.0.1',
        path: '',
      })
    })

    it('that are undefined or empty are not given', () => {
      const env = { REVERB_PORT: '', REVERB_APPS: '', REVERB_HOST: undefined }
      const given = untyped({ port: undefined, host: undefined })
      expect(resolveServerConfig(given, env)).toMatchObject({ port: 8080, host: '0.0.0.0' })
    })

    it('are not guessed: 007 stays an id, a key and a secret', () => {
      const env = { REVERB_APP_ID: '007', REVERB_APP_KEY: '0x10', REVERB_APP_SECRET: 'true' }
      expect(resolveServerConfig({}, env).apps[0]).toMatchObject({ id: '007', key: '0x10', secret: 'true' })
    })

    it('may be fractions where they are durations or rates', () => {
      const env = {
        REVERB_PING_INTERVAL: '0.25',
        REVERB_PONG_TIMEOUT: '0.5',
        REVERB_DRAIN: '1.5',
        REVERB_CLIENT_EVENT_RATE: '0.1',
      }
      const config = resolveServerConfig({}, env)
      expect(config.drain).toBe(1.5)
      expect(config.apps[0]).toMatchObject({ pingInterval: 0.25, pongTimeout: 0.5, clientEventRate: 0.1 })
    })

    it('are lists where commas part them', () => {
      const env = { REVERB_ALLOWED_ORIGINS: 'example.com, *.example.org' }
      expect(resolveServerConfig({}, env).apps[0]?.allowedOrigins).toEqual(['example.com', '*.example.org'])
    })
  })

  describe('errors name the variable, the value and what is allowed', () => {
    it.each([
      ['REVERB_PORT', '80a', 'a whole number from 0 to 65535'],
      ['REVERB_PORT', '65536', 'a whole number from 0 to 65535'],
      ['REVERB_PORT', '80.5', 'a whole number from 0 to 65535'],
      ['REVERB_PORT', '0x1F90', 'a whole number from 0 to 65535'],
      ['REVERB_PORT', ' 8080', 'a whole number from 0 to 65535'],
      ['REVERB_PORT', '-1', 'a whole number from 0 to 65535'],
      ['REVERB_SCHEME', 'wss', 'http, https'],
      ['REVERB_DEBUG', 'yes', 'true or false'],
      ['REVERB_PATH', 'reverb', 'a path that begins with / and does not end with one, or nothing'],
      ['REVERB_PATH', '/reverb/', 'a path that begins with / and does not end with one, or nothing'],
      ['REVERB_PING_INTERVAL', '0', 'a number above 0'],
      ['REVERB_ACTIVITY_TIMEOUT', '0', 'a whole number from 1'],
      ['REVERB_ACTIVITY_TIMEOUT', '1.5', 'a whole number from 1'],
      ['REVERB_DRAIN', '-1', 'a number from 0'],
      ['REVERB_CLIENT_EVENTS', 'everyone', 'members, all, none'],
      ['REVERB_PUBLIC_PORT', '0', 'a whole number from 1 to 65535'],
      [
        'REVERB_PUBLIC_HOST',
        'https://ws.example.com',
        'a host name or address, without scheme, port and path',
      ],
      ['REVERB_PUBLIC_HOST', 'ws.example.com:443', 'a host name or address, without scheme, port and path'],
      ['REVERB_LOG_LEVEL', 'loud', 'trace, debug, info, warn, error, fatal, silent'],
    ])('%s=%s', (variable, value, allowed) => {
      const expected = `${variable}: "${value}" is not allowed; expected ${allowed}`
      expect(complaintOf(variable, value)).toBe(expected)
    })

    it.each(['https://shop.example.com/', 'https://', 'http//shop.example.com', 'shop.example.com/path'])(
      'REVERB_ALLOWED_ORIGINS=%s, which would allow nobody',
      (origin) => {
        const said = complaintOf('REVERB_ALLOWED_ORIGINS', `shop.example, ${origin}`)
        expect(said).toContain('REVERB_ALLOWED_ORIGINS: ')
        expect(said).toContain('without path and slash at the end')
        expect(said).toContain('(1: ')
        expect(complaint({ apps: [{ ...app, allowedOrigins: [origin] }] })).toContain('allowedOrigins.0: ')
      },
    )

    it('or the option, in code', () => {
      expect(complaint(untyped({ port: '8080' }))).toBe(
        'port: "8080" is not allowed; expected a whole number from 0 to 65535',
      )
    })

    it('but never the URL of a webhook, which may hold a password', () => {
      const url = 'htps://me:sesame@hooks.example/a?token=sesame'
      const allowed = 'its value is not allowed; expected a comma list of http or https URLs'
      const said = [
        complaint({ webhookUrl: [url] }),
        complaint({}, { REVERB_WEBHOOK_URL: `https://hooks.example,${url}` }),
      ]
      expect(said).toEqual([
        `webhookUrl: ${allowed} (0: Invalid URL)`,
        `REVERB_WEBHOOK_URL: ${allowed} (1: Invalid URL)`,
      ])
    })

    it('but never a secret', () => {
      expect(complaint(untyped({ appSecret: 4711 }))).toBe(
        'appSecret: its value is not allowed; expected a text',
      )
      const apps = [{ ...app, secret: 4711, hidden: 'sesame' }]
      expect(complaint(untyped({ apps }))).not.toMatch(/4711|sesame/)
      expect(complaintOf('REVERB_APPS', JSON.stringify(apps))).not.toMatch(/4711|sesame/)
      expect(complaintOf('REVERB_APPS', '[{"secret":"sesame"')).not.toContain('sesame')
    })
  })

  describe('several apps', () => {
    const other: AppOptions = { id: 'b', key: 'key-b', secret: 'secret-b', maxConnections: 5, enabled: false }

    it('come from code, with the limits of the server where they have none of their own', () => {
      const { apps } = resolveServerConfig({ apps: [app, other], maxConnections: 9, maxBatch: 3 }, {})
      expect(apps).toMatchObject([
        { id: 'a', maxConnections: 9, maxBatch: 3, enabled: true, previousSecret: undefined },
        { id: 'b', maxConnections: 5, maxBatch: 3, enabled: false },
      ])
    })

    it('come from REVERB_APPS and replace the default app', () => {
      const env = { REVERB_APPS: JSON.stringify([app]), REVERB_APP_ID: 'x', REVERB_MAX_BATCH: '4' }
      const { apps } = resolveServerConfig({}, env)
      expect(apps).toMatchObject([{ ...app, maxBatch: 4 }])
      expect(apps).toHaveLength(1)
    })

    it('an app given in code wins over REVERB_APPS too', () => {
      const env = { REVERB_APPS: JSON.stringify([other]) }
      expect(resolveServerConfig({ appKey: 'mine' }, env).apps.map(({ key }) => key)).toEqual(['mine'])
    })

    it('of code win over REVERB_APPS', () => {
      const env = { REVERB_APPS: JSON.stringify([other]) }
      expect(resolveServerConfig({ apps: [app] }, env).apps.map(({ id }) => id)).toEqual(['a'])
    })

    it.each([
      ['not JSON', 'REVERB_APPS: its value is not JSON; expected an array of apps'],
      ['{}', 'expected an array'],
      ['[]', 'expected an array of apps'],
      ['[{"id":7,"key":"k","secret":"s"}]', '0.id'],
      ['[{"id":"a","key":"","secret":"s"}]', '0.key'],
      ['[{"id":"a","key":"k"}]', '0.secret'],
      ['[{"id":"a","key":"k","secret":"s","maxConections":5}]', 'maxConections'],
      ['[{"id":"a","key":"k","secret":"s","maxConnections":"5"}]', '0.maxConnections'],
      ['[{"id":"a","key":"k","secret":"s","activityTimeout":0}]', '0.activityTimeout'],
      ['[{"id":"a","key":"k","secret":"s","enabled":"false"}]', '0.enabled'],
    ])('refuses %s', (value, said) => {
      const text = complaintOf('REVERB_APPS', value)
      expect(text).toContain('REVERB_APPS')
      expect(text).toContain(said)
    })

    it('names the header of a webhook that is none, and where the app was given', () => {
      const withHeaders = (headers: Record<string, string>) => [
        { ...app, webhooks: [{ url: 'https://hooks.example', headers }] },
      ]
      const apps = withHeaders({ 'X-Fine': 'yes', Authorization: 'Bearer sesame…' })
      const said = /0\.webhooks\.0\.headers\.Authorization: its value has characters that no HTTP header has/
      expect(complaint({ apps })).toMatch(said)
      expect(complaint({ apps })).toMatch(/^apps: /)
      expect(complaint({ apps })).not.toMatch(/sesame|X-Fine/)
      expect(complaintOf('REVERB_APPS', JSON.stringify(apps))).toMatch(/^REVERB_APPS: /)
      expect(complaint({ apps: withHeaders({ 'no name': 'x' }) })).toContain(
        'headers.no name: no HTTP header has such a name',
      )
    })

    it('refuses two with the same id, or the same key', () => {
      const twice = (change: Partial<AppOptions>) => complaint({ apps: [app, { ...other, ...change }] })
      expect(twice({ id: 'a' })).toBe('apps: two apps have the same id')
      expect(twice({ key: 'key-a' })).toBe('apps: two apps have the same key')
    })
  })

  describe('in production', () => {
    const production = { NODE_ENV: 'production' }

    it('refuses the well-known secret and names the command that makes a good one', () => {
      expect(complaint({}, production)).toMatch(/^REVERB_APP_SECRET: .*"1".*npx reverb keys/)
      expect(
        complaint({ apps: [app, { ...app, id: 'b', key: 'b', secret: 'secret' }] }, production),
      ).toContain('the app "b"')
    })

    it('takes any other', () => {
      expect(resolveServerConfig({ appSecret: 'sesame' }, production).apps[0]?.secret).toBe('sesame')
    })

    it('does not mind it where nothing is served', () => {
      expect(resolveServerConfig({ serve: false }, production).serve).toBe(false)
    })
  })

  describe('options of Redis and NATS', () => {
    const client = { duplicate: () => undefined }
    const address = { host: '10.0.0.5', port: 26379 }

    it.each([
      { redis: {} },
      { redis: { url: 'redis://127.0.0.1' } },
      { redis: { client } },
      {
        redis: { sentinels: [address], name: 'main', password: 'x', sentinelPassword: 'y', db: 1, tls: true },
      },
      { redis: { cluster: [address, 'redis://10.0.0.6'], password: 'x', tls: false } },
    ])('are taken where the driver is redis: %j', (given) => {
      expect(resolveServerConfig({ scalingDriver: 'redis', ...given }, {}).redis).toBe(given.redis)
      expect(resolveServerConfig(given, { REVERB_SCALING_DRIVER: 'redis' }).redis).toBe(given.redis)
    })

    it('are taken where the driver is nats', () => {
      const nats = { url: 'nats://127.0.0.1', replicas: 3 }
      expect(resolveServerConfig({ scalingDriver: 'nats', nats }, {}).nats).toBe(nats)
    })

    it('may be left unused where somebody has said so', () => {
      expect(resolveServerConfig({ redis: {} }, { REVERB_SCALING_DRIVER: 'none' }).scalingDriver).toBe('none')
      expect(resolveServerConfig({ redis: {}, scalingDriver: 'none' }, {}).scalingDriver).toBe('none')
    })

    it.each<[ReverbServerOptions, string]>([
      [{ redis: {} }, "redis: it has no effect while scalingDriver is 'none'; write scalingDriver: 'redis'"],
      [{ redis: {}, scalingDriver: 'nats' }, "redis: it has no effect while scalingDriver is 'nats'"],
      [{ nats: {} }, '(REVERB_SCALING_DRIVER=nats)'],
      [{ nats: {}, scalingDriver: 'redis' }, 'nats: it has no effect'],
    ])('are refused without the driver: %j', (options, said) => {
      expect(complaint(options)).toContain(said)
    })

    it('are refused beside a broker', () => {
      const options = untyped({ redis: {}, broker: {}, scalingDriver: 'redis' })
      expect(complaint(options)).toBe('redis: it has no effect beside a broker; give one of them')
    })

    it.each([
      ['redis', 'redis://:sesame@10.0.0.5', "expected an object such as { url: 'redis://…' }"],
      ['redis', 'redis://:sesame@10.0.0.5', 'redisUrl'],
      ['redis', null, 'expected an object'],
      ['redis', ['redis://:sesame@10.0.0.5'], 'expected an object'],
      ['redis', { urll: 'redis://:sesame@10.0.0.5' }, 'did you mean "redis.url"?'],
      ['redis', { url: 'redis://10.0.0.5', password: 'sesame' }, '"redis.password" is not an option'],
      ['redis', { sentinels: [address], nam: 'main' }, 'did you mean "redis.name"?'],
      ['redis', { sentinels: [address] }, 'redis.name: '],
      ['redis', { sentinels: [{ host: 'a' }], name: 'main' }, 'redis.sentinels.0.port: '],
      ['redis', { cluster: [address], url: 'redis://10.0.0.5' }, 'give either cluster or url'],
      ['redis', { client: 'redis://:sesame@10.0.0.5' }, 'redis.client: '],
      ['redis', { url: 7 }, 'redis.url: '],
      ['nats', 'nats://me:sesame@10.0.0.5', 'natsUrl'],
      ['nats', { replica: 3 }, 'did you mean "nats.replicas"?'],
      ['nats', { replicas: '3' }, 'nats.replicas: '],
      ['nats', { connection: 'nats://me:sesame@10.0.0.5' }, 'nats.connection: '],
    ])('are refused where they cannot be meant: %s: %j', (name, value, said) => {
      const text = complaint(untyped({ scalingDriver: name, [name]: value }))
      expect(text).toContain(said)
      expect(text).not.toContain('sesame')
    })
  })

  describe('printed or as JSON', () => {
    const secrets = {
      appSecret: 'sesame-1',
      scheme: 'https',
      tlsCert: 'cert.pem',
      tlsKey: 'key.pem',
      tlsPassphrase: 'sesame-2',
      redisUrl: 'redis://:sesame-3@redis.example',
      natsUrl: 'nats://me:sesame-4@nats.example',
      webhookUrl: ['https://me:sesame-5@hooks.example/a?token=sesame-6'],
      scalingDriver: 'redis',
      redis: { url: 'redis://:sesame-7@redis.example' },
    } as const
    const several = [
      {
        ...app,
        secret: 'sesame-8',
        previousSecret: 'sesame-9',
        webhooks: [
          {
            url: 'https://me:sesame-10@hooks.example/b?token=sesame-11',
            headers: { Authorization: 'Bearer sesame-12' },
          },
        ],
      },
    ]
    const ways: [string, (value: unknown) => string][] = [
      ['console.log', (value) => inspect(value, { depth: null, showHidden: true })],
      ['JSON', (value) => JSON.stringify({ value })],
    ]

    it.each(ways)('settings show no secret, by %s', (_, print) => {
      const given = [secrets, { ...secrets, apps: several }]
      for (const options of given) {
        const printed = print(resolveServerConfig(options, {}))
        expect(printed).not.toContain('sesame')
        expect(printed).toContain('https://hooks.example/')
      }
      expect(resolveServerConfig(secrets, {})).toMatchObject(secrets)
    })

    it.each(ways)('an app shows no secret, by %s', (_, print) => {
      const [made] = resolveServerConfig({ apps: several }, {}).apps
      expect(print(made)).not.toContain('sesame')
      expect(print(made)).toContain('Authorization')
      expect(made).toMatchObject(several[0] ?? {})
    })

    it.each(ways)('a server shows no secret, by %s', (_, print) => {
      const server = new ReverbServer({ ...secrets, apps: several }, {})
      expect(print(server)).not.toContain('sesame')
      expect(print(server)).toContain('key-a')
    })
  })

  describe('https', () => {
    const files = { tlsCert: 'cert.pem', tlsKey: 'key.pem' }

    it.each([{}, { tlsCert: files.tlsCert }, { tlsKey: files.tlsKey }])(
      'needs a certificate and its key, and has only %j',
      (given) => {
        expect(complaint({ scheme: 'https', ...given })).toBe(
          'REVERB_SCHEME is https: set REVERB_TLS_CERT and REVERB_TLS_KEY to PEM files',
        )
      },
    )

    it('is content with both', () => {
      expect(resolveServerConfig({ scheme: 'https', ...files }, {}).scheme).toBe('https')
    })
  })
})

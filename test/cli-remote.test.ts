import { beforeAll, describe, expect, it } from 'vitest'
import { channelKey } from '../src/broadcasting/channel-key.ts'
import { addressSettings } from '../src/protocol/address.ts'
import { makeMasterKey, open } from '../src/protocol/encryption.ts'
import { ensureBuilt } from './support/built.ts'
import { createCertificate } from './support/certificate.ts'
import { reverb } from './support/cli.ts'
import { answerWith, startFakeApi } from './support/fake-api.ts'
import { appPath, mountServer, startServer, type TestServer } from './support/server.ts'

// `reverb trigger` and `reverb channels`, each a process of its own, against a server in this one.

const masterKey = makeMasterKey()
const app = { REVERB_APP_ID: 'app-id', REVERB_APP_KEY: 'app-key', REVERB_APP_SECRET: 'app-secret' }

function environment({ port }: TestServer): Record<string, string> {
  return { ...app, REVERB_PUBLIC_HOST: '127.0.0.1', REVERB_PUBLIC_PORT: String(port) }
}

async function printed(args: string[], env: Record<string, string>, files?: Record<string, string>) {
  const run = await reverb(args, env, files)
  return { code: await run.ended, text: run.printed() }
}

beforeAll(ensureBuilt, 60_000)

describe('reverb trigger', () => {
  it('sends an event and prints how many are there', async () => {
    const running = await startServer()
    const client = await running.connect()
    await client.join('presence-room', { user_id: '7' })
    const sent = await printed(
      ['trigger', 'presence-room', 'order.paid', '{ "id": 42 }'],
      environment(running),
    )
    expect(sent).toEqual({ code: 0, text: 'Sent order.paid to presence-room: 1 subscription, 1 user\n' })
    const { event, data } = await client.next('order.paid')
    expect([event, data]).toEqual(['order.paid', '{ "id": 42 }'])
  })

  it('sends an empty object unless told otherwise', async () => {
    const running = await startServer()
    const client = await running.connect()
    await client.join('news')
    const { text } = await printed(['trigger', 'news', 'x'], environment(running))
    expect(text).toBe('Sent x to news: 1 subscription\n')
    expect(await client.next('x')).toMatchObject({ data: '{}' })
  })

  it('takes .env, and the config file of the server, with the app that is named', async () => {
    const apps = [
      { id: '1', key: 'one', secret: 'first' },
      { id: '2', key: 'two', secret: 'second' },
    ]
    const running = await startServer({ apps })
    const client = await running.connect(
      { credentials: { key: 'two', secret: 'second' } },
      '/app/two?protocol=7',
    )
    await client.join('news')
    const { port } = running
    const options = ['--config', 'reverb.mjs', '--app', 'two']
    const files = {
      'reverb.mjs': `export default { host: '127.0.0.1', port: 1, apps: ${JSON.stringify(apps)} }`,
      '.env': `REVERB_PUBLIC_PORT=${port}\n`,
    }
    const { text } = await printed(['trigger', 'news', 'x', ...options], {}, files)
    expect(text).toBe('Sent x to news: 1 subscription\n')
    expect(await client.next('x')).toMatchObject({ channel: 'news' })
  })

  it('speaks TLS, to whom the machine trusts', async () => {
    const { certFile, keyFile } = createCertificate()
    const running = await startServer({ scheme: 'https', tlsCert: certFile, tlsKey: keyFile, path: '/ws' })
    const env = { ...environment(running), REVERB_PUBLIC_SCHEME: 'https', REVERB_PUBLIC_PATH: '/ws' }
    const trusting = { ...env, NODE_EXTRA_CA_CERTS: certFile }
    expect(await printed(['trigger', 'news', 'x'], trusting)).toEqual({
      code: 0,
      text: 'Sent x to news: 0 subscriptions\n',
    })
    const refused = await printed(['trigger', 'news', 'x'], env)
    expect(refused.code).toBe(1)
    expect(refused.text).toMatch(
      /^error: .*https:\/\/127\.0\.0\.1:\d+\/ws failed \(DEPTH_ZERO_SELF_SIGNED_CERT\)/,
    )
  })

  it('seals what goes to an encrypted channel, with the master key of .env', async () => {
    const running = await startServer()
    const client = await running.connect()
    await client.join('private-encrypted-orders')
    const sent = await printed(
      ['trigger', 'private-encrypted-orders', 'order.paid', '{"id":42}'],
      environment(running),
      { '.env': `REVERB_ENCRYPTION_MASTER_KEY=${masterKey}\n` },
    )
    expect(sent).toEqual({
      code: 0,
      text: 'Sent order.paid to private-encrypted-orders: 1 subscription\n',
    })
    const { data } = await client.next('order.paid')
    expect(open(channelKey('private-encrypted-orders', masterKey), String(data))).toBe('{"id":42}')
  })

  it('sends nothing to an encrypted channel without a key for it', async () => {
    const running = await startServer()
    const client = await running.connect()
    await client.join('private-encrypted-orders')
    const args = ['trigger', 'private-encrypted-orders', 'x']
    const { code, text } = await printed(args, environment(running))
    expect(code).toBe(1)
    expect(text).toMatch(/^error: "private-encrypted-orders" is an encrypted channel, .*npx reverb keys.*\n$/)
    expect(await client.rest()).toEqual([])
  })

  it('sends to the URL that it is given, whatever the environment says', async () => {
    const running = await mountServer('/reverb')
    const client = await running.connect({}, `/reverb${appPath}`)
    await client.join('news')
    const url = `http://127.0.0.1:${running.port}/reverb`
    const elsewhere = { REVERB_PUBLIC_SCHEME: 'https', REVERB_PUBLIC_HOST: 'nowhere.invalid' }
    const args = ['trigger', 'news', 'x', '--url', `${url}/`]
    const { text } = await printed(args, { ...app, ...elsewhere, REVERB_PORT: '0' })
    expect(text).toBe('Sent x to news: 1 subscription\n')
    expect(await client.next('x')).toMatchObject({ channel: 'news' })
  })

  it('names the URL it was given when there is nobody, or who speaks plain http', async () => {
    const nobody = await printed(['trigger', 'news', 'x', '--url', 'http://[::1]:1/x'], app)
    expect(nobody.code).toBe(1)
    expect(nobody.text).toMatch(/^error: .*http:\/\/\[::1\]:1\/x .*compare --url\n$/)
    const { port } = await startServer()
    const plain = await printed(['trigger', 'news', 'x', '--url', `https://127.0.0.1:${port}`], app)
    expect(plain.code).toBe(1)
    expect(plain.text).toMatch(/^error: .*does the server speak plain http\? set --url to http:\/\/…\n$/)
  })

  it.each([
    'nowhere',
    'ws://127.0.0.1:8080',
    'http://',
    'http://127.0.0.1:99999',
    'http://127.0.0.1:0',
    'http://127.0.0.1//x',
    'http://127.0.0.1?x=1',
    'http://127.0.0.1#x',
    'http://me:pa55@127.0.0.1',
  ])('refuses --url %s', async (url) => {
    const { code, text } = await printed(['trigger', 'news', 'x', '--url', url], app)
    expect(code).toBe(1)
    expect(text).toMatch(
      /^error: --url .*: expected where a server is, such as http:\/\/127\.0\.0\.1:8080.*\n$/,
    )
    expect(text).toContain(url.replace('me:pa55', '…'))
  })

  it.each([
    [['trigger', 'news', 'x'], { REVERB_APP_SECRET: 'wrong' }, /with 401: .*; compare REVERB_APP_KEY/],
    [['trigger', 'news', 'x'], { REVERB_APP_ID: '9' }, /with 404: .*; compare REVERB_APP_ID/],
    [['trigger', 'no channel', 'x'], {}, /with 400: /],
    [['trigger', 'news', 'x', '{id:42}'], {}, /Expected JSON, such as/],
    [['trigger', 'news'], {}, /missing required argument 'event'/],
    [['trigger', 'news', 'x', '--app', 'two'], {}, /No app has the key "two"; known keys: app-key/],
    [['trigger', 'news', 'x'], { REVERB_PUBLIC_PORT: 'x' }, /REVERB_PUBLIC_PORT: "x" is not allowed/],
    [['channels', '--config', 'none.json'], {}, /none\.json cannot be loaded: no such file/],
    [['channels', '--url', 'nowhere'], {}, /--url nowhere: expected where a server is/],
    [
      ['trigger', 'private-encrypted-x', 'x'],
      { REVERB_ENCRYPTION_MASTER_KEY: 'short' },
      /REVERB_ENCRYPTION_MASTER_KEY: its value is not allowed; expected the Base64 of 32 bytes/,
    ],
  ])('%j with %j fails with one line and 1', async (args, changes, message) => {
    const running = await startServer()
    const { code, text } = await printed(args, { ...environment(running), ...changes })
    expect(code).toBe(1)
    expect(text).toMatch(message)
    expect(text).toMatch(/^error: .+\n$/)
    expect(text).not.toContain('app-secret')
  })

  it('says where nobody listens', async () => {
    const { code, text } = await printed(['trigger', 'news', 'x'], { REVERB_PORT: '1' })
    expect(code).toBe(1)
    expect(text).toMatch(
      /^error: .*http:\/\/127\.0\.0\.1:1 refuses connections.*compare REVERB_PUBLIC_HOST.*\n$/,
    )
  })
})

describe('reverb channels', () => {
  async function setUp() {
    const running = await startServer()
    const [first, second] = await running.connectMany(2)
    for (const client of [first, second]) await client.join('presence-room', { user_id: '7' })
    await first.join('news')
    await first.join('private-orders.1')
    return environment(running)
  }

  it('lists those that are occupied, by name and with their counts', async () => {
    expect(await printed(['channels'], await setUp())).toEqual({
      code: 0,
      text: [
        'Channel           Subscriptions  Users',
        'news              1',
        'presence-room     2              1',
        'private-orders.1  1',
        '',
      ].join('\n'),
    })
  })

  it('lists those that begin with a prefix', async () => {
    const env = await setUp()
    const list = async (prefix: string) => (await printed(['channels', prefix], env)).text
    expect(await Promise.all(['p', 'private-', 'presence-r', 'x'].map(list))).toEqual([
      expect.stringMatching(/^Channel.*\npresence-room +2 +1\nprivate-orders\.1 +1\n$/),
      expect.stringMatching(/^Channel.*\nprivate-orders\.1 +1\n$/),
      expect.stringMatching(/^Channel.*\npresence-room +2 +1\n$/),
      'No channel whose name begins with x is occupied\n',
    ])
  })

  it('lists those of the server at a URL', async () => {
    const { REVERB_PUBLIC_PORT: port } = await setUp()
    const { text } = await printed(['channels', 'n', '--url', `http://127.0.0.1:${port}`], app)
    expect(text).toMatch(/^Channel.*\nnews +1\n$/)
  })

  it('prints JSON', async () => {
    const { text } = await printed(['channels', '--json'], await setUp())
    expect(JSON.parse(text)).toEqual({
      channels: {
        news: { subscription_count: 1 },
        'presence-room': { subscription_count: 2, user_count: 1 },
        'private-orders.1': { subscription_count: 1 },
      },
    })
  })

  it('prints no name that could drive a terminal, whatever a server says', async () => {
    const names = ['news', '#server-to-user-\u001b[2J', 'a\nb', '\u001b[31mred']
    const body = { channels: Object.fromEntries(names.map((name) => [name, {}])) }
    const { port } = await startFakeApi([answerWith(200, body)])
    const { text } = await printed(['channels', 'n', '--url', `http://127.0.0.1:${port}`], app)
    expect(text).toBe('Channel  Subscriptions  Users\nnews\n')
  })

  it('says that there is none', async () => {
    const running = await startServer()
    const env = environment(running)
    expect((await printed(['channels'], env)).text).toBe('No channel is occupied\n')
    expect((await printed(['channels', '--json'], env)).text).toBe('{\n  "channels": {}\n}\n')
  })
})

describe('The help of both', () => {
  it.each(['trigger', 'channels'])('reverb %s --help names what it reads', async (command) => {
    const { code, text } = await printed([command, '--help'], {})
    expect(code).toBe(0)
    for (const { env } of Object.values(addressSettings)) expect(text).toContain(`  ${env} `)
    expect(text).toMatch(/REVERB_HTTP_TIMEOUT .*\[10\]/)
    expect(text).toContain('--config <file>')
    expect(text).toContain('--url <url>')
    expect(text.includes('REVERB_ENCRYPTION_MASTER_KEY')).toBe(command === 'trigger')
  })
})

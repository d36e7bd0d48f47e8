import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { createRequire } from 'node:module'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import type { Browser, Page } from 'playwright-core'
import PusherServer from 'pusher'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { apiApp } from '../support/api.ts'
import { launchChromium } from '../support/chromium.ts'
import { eventually } from '../support/eventually.ts'
import { createReverb, listen } from '../support/host.ts'

const { resolve } = createRequire(import.meta.url)

/** The builds that a page loads, as their packages ship them. */
const scripts = {
  '/pusher.js': path.resolve(resolve('pusher-js'), '../../web/pusher-with-encryption.js'),
  '/echo.js': path.resolve(resolve('laravel-echo'), '../echo.iife.js'),
}

const channels = [
  'news',
  'private-orders.1',
  'presence-room',
  'private-encrypted-orders.1',
  'cache-prices',
  'private-cache-prices',
] as const

let browser: Browser

beforeAll(async () => {
  browser = await launchChromium()
})

afterAll(() => browser.close())

/** A server with a page on the same origin, an auth endpoint, and an SDK that publishes. */
async function setUp() {
  const reverb = createReverb()
  const http = createServer((request, response) => app(request, response))
  reverb.attach(http, { path: '/reverb' })
  const port = await listen(http)
  const sdk = new PusherServer({
    appId: apiApp.id,
    key: apiApp.key,
    secret: apiApp.secret,
    host: `127.0.0.1:${port}/reverb`,
    useTLS: false,
    encryptionMasterKeyBase64: Buffer.alloc(32, 7).toString('base64'),
  })
  const app: RequestListener = async (request, response) => {
    const script = Object.entries(scripts).find(([name]) => name === request.url)?.[1]
    if (script !== undefined) response.end(readFileSync(script))
    else if (request.method === 'POST') response.end(JSON.stringify(await authorize(sdk, request)))
    else {
      const { key, options } = reverb.clientOptions(request)
      response.setHeader('content-type', 'text/html')
      response.end(`<link rel="icon" href="data:,"><script src="/pusher.js"></script><script src="/echo.js"></script>
        <script>window.settings = ${JSON.stringify({ key, options })}; window.heard = []</script>`)
    }
  }
  const open = async (): Promise<Page> => {
    const context = await browser.newContext()
    onTestFinished(() => context.close())
    const page = await context.newPage()
    await page.goto(`http://127.0.0.1:${port}/`)
    return page
  }
  return { reverb, http, port, sdk, open }
}

/** Everybody is let in, as a member of their own where there are members. */
async function authorize(sdk: PusherServer, request: IncomingMessage): Promise<unknown> {
  const form = new URLSearchParams(await text(request))
  const [socketId, name] = [form.get('socket_id') ?? '', form.get('channel_name') ?? '']
  const member = name.startsWith('presence-') ? { user_id: socketId, user_info: { name: 'Zoë' } } : undefined
  return sdk.authorizeChannel(socketId, name, member)
}

/** What the page has heard so far. */
const heard = (page: Page) => page.evaluate<unknown[]>('heard')

/** Subscribes to every channel with pusher-js as it is; `heard` collects what arrives. */
const subscribeToAll = `
  window.pusher = new Pusher(settings.key, settings.options)
  for (const name of ${JSON.stringify(channels)}) {
    const channel = pusher.subscribe(name)
    channel.bind('pusher:subscription_succeeded', () => heard.push(['subscribed', name]))
    channel.bind('paid', (data) => heard.push([name, data]))
    channel.bind('client-typing', (data) => heard.push(['typing', name, data]))
  }`

describe('C19 pusher-js in a browser, with encryption', () => {
  it('connects by clientOptions(), subscribes to every kind of channel and hears of each', async () => {
    const { sdk, open } = await setUp()
    const page = await open()
    await page.evaluate(subscribeToAll)
    await eventually(() => heard(page)).toEqual(
      expect.arrayContaining(channels.map((name) => ['subscribed', name])),
    )
    for (const name of channels) await sdk.trigger(name, 'paid', { id: name })
    await eventually(() => heard(page)).toEqual(
      expect.arrayContaining(channels.map((name) => [name, { id: name }])),
    )
  })

  it('C108 whispers to another window, and C59 hears again after the server has cut the connection', async () => {
    const { reverb, http, sdk, open } = await setUp()
    const pages = await Promise.all([open(), open()])
    for (const page of pages) await page.evaluate(subscribeToAll)
    const [one, other] = pages
    await eventually(async () => (await heard(other)).length).toBe(channels.length)
    await eventually(async () => (await heard(one)).length).toBe(channels.length)
    await one.evaluate(`pusher.channel('private-orders.1').trigger('client-typing', { on: true })`)
    await eventually(() => heard(other)).toContainEqual(['typing', 'private-orders.1', { on: true }])

    await other.evaluate('heard.length = 0')
    await reverb.close()
    createReverb().attach(http, { path: '/reverb' })
    await eventually(() => heard(other), 30_000).toEqual(
      expect.arrayContaining(channels.map((name) => ['subscribed', name])),
    )
    await sdk.trigger('news', 'paid', { id: 2 })
    await eventually(() => heard(other)).toContainEqual(['news', { id: 2 }])
  })
})

describe('Laravel Echo in a browser', () => {
  it.each(['reverb', 'pusher'])(
    'C171 with broadcaster %s hears private, presence and encrypted channels',
    async (name) => {
      const { sdk, open } = await setUp()
      const page = await open()
      await page.evaluate(`
      window.echo = new Echo.default({ broadcaster: '${name}', key: settings.key, ...settings.options })
      const log = (what) => (data) => heard.push([what, data])
      echo.private('orders.1').subscribed(() => heard.push('private')).listen('.paid', log('private'))
      echo.encryptedPrivate('orders.1').subscribed(() => heard.push('encrypted')).listen('.paid', log('encrypted'))
      echo.join('room').here((people) => heard.push(people))`)
      await eventually(() => heard(page)).toEqual(
        expect.arrayContaining(['private', 'encrypted', [{ name: 'Zoë' }]]),
      )
      await sdk.trigger('private-orders.1', 'paid', { id: 1 })
      await sdk.trigger('private-encrypted-orders.1', 'paid', { id: 2 })
      await eventually(() => heard(page)).toEqual(
        expect.arrayContaining([
          ['private', { id: 1 }],
          ['encrypted', { id: 2 }],
        ]),
      )
    },
  )
})

import { createServer } from 'node:http'
import { describe, expect, it, onTestFinished } from 'vitest'
import { signChannel } from '../../src/protocol/signature.ts'
import { type AppManager, type AppOptions, ReverbServer } from '../../src/server/index.ts'
import { type Logger, silentLogger } from '../../src/support/logger.ts'
import { Api, apiApp, apiOf } from '../support/api.ts'
import { stoppedClock } from '../support/clock.ts'
import { eventually } from '../support/eventually.ts'
import { connectUnder, createReverb, listen } from '../support/host.ts'
import { turn } from '../support/parts.ts'
import { refusalOf, unauthorized } from '../support/refusal.ts'
import { credentials, startServer } from '../support/server.ts'

const event = { name: 'order.paid', channels: ['news'], data: '{"id":42}' }

/** Apps in a data base, which can be told to break. */
class Database implements AppManager {
  rows: AppOptions[]
  failure: Error | undefined
  asked = 0

  constructor(...rows: AppOptions[]) {
    this.rows = rows
  }

  findByKey(key: string): Promise<AppOptions | undefined> {
    return this.#find((app) => app.key === key)
  }

  findById(id: string): Promise<AppOptions | undefined> {
    return this.#find((app) => app.id === id)
  }

  async #find(matches: (app: AppOptions) => boolean): Promise<AppOptions | undefined> {
    this.asked++
    await turn()
    if (this.failure !== undefined) throw this.failure
    return this.rows.find(matches)
  }
}

/** A server whose apps are in a data base; `app-key` is the default one. */
async function start(...rows: AppOptions[]) {
  const database = new Database(...rows)
  const lines: string[] = []
  const note = (line: string) => void lines.push(line)
  const logger: Logger = { ...silentLogger, warn: note, error: note }
  const running = await startServer({ appManager: database, logger })
  return { database, running, lines }
}

const other: AppOptions = { id: '2', key: 'other-key', secret: 'other-secret' }

describe('an app manager', () => {
  it('finds the app of a connection, of a request and of code', async () => {
    const { running } = await start({ ...apiApp })
    const client = await running.connect()
    await client.join('private-news')
    const sent = { ...event, channels: ['private-news'] }
    expect((await apiOf(running).post('/events', sent)).status).toBe(200)
    expect(await running.publish('private-news', 'order.paid', '{"id":43}')).toBe(1)
    expect(await client.next()).toMatchObject({ data: '{"id":42}' })
    expect(await client.next()).toMatchObject({ data: '{"id":43}' })
  })

  it('C178 keeps apps apart, each with its own limits and those of the server beside them', async () => {
    const database = new Database({ ...apiApp, maxBatch: 1 }, other)
    const running = await startServer({ appManager: database, maxBatch: 2 })
    const [one, two] = [await running.connect(), await running.connect({}, '/app/other-key?protocol=7')]
    await one.join('news')
    await two.join('news')
    const batch = (size: number) => ({
      batch: Array.from({ length: size }, () => ({ name: 'a', channel: 'news', data: '1' })),
    })
    const status = async (app: AppOptions, size: number) =>
      (await new Api({ port: running.port, app }).post('/batch_events', batch(size))).status
    expect([await status(apiApp, 1), await status(apiApp, 2)]).toEqual([200, 400])
    expect([await status(other, 2), await status(other, 3)]).toEqual([200, 400])
    expect(await one.rest()).toHaveLength(1)
    expect(await two.rest()).toHaveLength(2)
  })

  it('is asked once by many who connect at the same time', async () => {
    const { running, database } = await start({ ...apiApp })
    await Promise.all(Array.from({ length: 20 }, () => running.connect()))
    expect(database.asked).toBe(1)
  })

  it('C6 C129 knows no app: 4001 for a connection, 404 for a request', async () => {
    const { running, lines } = await start()
    expect(await refusalOf(await running.open())).toBe(4001)
    expect((await apiOf(running).post('/events', event)).status).toBe(404)
    await expect(running.publish('news')).rejects.toMatchObject({ code: 'ERR_BROADCAST_UNKNOWN_APP' })
    expect(await running.server.credentials()).toBeUndefined()
    expect(lines).toEqual([expect.stringMatching(/refused with 4001 .* no app has the key "app-key"/)])
  })

  it('C7 C129 knows a disabled app: 4003 for a connection, 403 for a request', async () => {
    const { running } = await start({ ...apiApp, enabled: false })
    expect(await refusalOf(await running.open())).toBe(4003)
    expect((await apiOf(running).post('/events', event)).status).toBe(403)
  })

  it('that fails sends everybody away for now, which is logged and counted, and works again afterwards', async () => {
    const { running, database, lines } = await start({ ...apiApp })
    database.failure = new Error('the data base is down')
    expect(await refusalOf(await running.open())).toBe(4100)
    const answer = await apiOf(running).post('/events', event)
    expect([answer.status, answer.body]).toEqual([503, { code: 503, error: expect.stringMatching(/again/) }])
    await expect(running.publish('news')).rejects.toMatchObject({ code: 'ERR_BROADCAST_APP_LOOKUP' })
    expect(lines).toContain('Looking up the app with the key "app-key" failed: the data base is down')
    expect(running.server.counters['appLookupsFailed']).toBeGreaterThanOrEqual(2)
    database.failure = undefined
    await eventually(async () => (await apiOf(running).post('/events', event)).status).toBe(200)
    await (await running.connect()).silence()
  })

  it('that returns nonsense is a failure of the server, which tells no secret', async () => {
    const { running, database, lines } = await start()
    database.rows = [{ ...apiApp, secret: ['sesame'], maxBatch: 'many' } as never]
    expect(await refusalOf(await running.open())).toBe(4100)
    const answer = await apiOf(running).post('/events', event)
    expect([answer.status, answer.body]).toEqual([500, { code: 500, error: expect.any(String) }])
    expect(lines[0]).toMatch(/^Looking up the app with the key "app-key" failed: expected an app; .*secret: /)
    expect(`${lines}${answer.text}`).not.toContain('sesame')
  })

  it('may answer at once, without a promise', async () => {
    const find = () => ({ ...apiApp })
    const running = await startServer({ appManager: { findByKey: find, findById: find } })
    await (await running.connect()).silence()
    expect((await apiOf(running).get('/channels')).status).toBe(200)
    expect(running.server.credentials()).toEqual(credentials)
  })

  it('that throws instead of answering is a failure like any other', async () => {
    const find = () => {
      throw new Error('no data base')
    }
    const running = await startServer({ appManager: { findByKey: find, findById: find } })
    expect(await refusalOf(await running.open())).toBe(4100)
    expect((await apiOf(running).get('/channels')).status).toBe(503)
  })

  it('that never answers keeps no server from closing', async () => {
    let wasAsked = () => {}
    const asked = new Promise<void>((resolve) => {
      wasAsked = resolve
    })
    const find = () => {
      wasAsked()
      return new Promise<undefined>(() => {})
    }
    const running = await startServer({ appManager: { findByKey: find, findById: find } })
    const waiting = running.open()
    const refused = expect(waiting).rejects.toThrow()
    await asked
    await running.server.close()
    await refused
  })
})

describe('invalidateApp', () => {
  it('rotates secrets for those who are connected: the new one counts, and the old one as long as it is kept', async () => {
    const { running, database } = await start({ ...apiApp })
    const client = await running.connect()
    const secret = 'new-secret'
    const api = new Api({ port: running.port, app: { ...apiApp, secret } })
    const signedAnew = (channel: string) => ({
      auth: signChannel({ key: apiApp.key, secret }, client.socketId, channel),
    })

    expect(await client.subscribe('private-a', signedAnew('private-a'))).toEqual(unauthorized('private-a'))
    expect((await api.get('/channels')).status).toBe(401)

    database.rows = [{ ...apiApp, secret, previousSecret: apiApp.secret }]
    await running.server.invalidateApp('app-id')
    await client.join('private-b')
    expect(await client.subscribe('private-c', signedAnew('private-c'))).toMatchObject({
      event: 'pusher_internal:subscription_succeeded',
    })
    expect((await api.get('/channels')).status).toBe(200)
    expect((await apiOf(running).get('/channels')).status).toBe(200)
    expect(await running.server.credentials()).toEqual({ key: 'app-key', secret })

    database.rows = [{ ...apiApp, secret }]
    await running.server.invalidateApp('app-id')
    expect(await client.subscribe('private-d', client.signed('private-d'))).toEqual(unauthorized('private-d'))
    expect((await apiOf(running).get('/channels')).status).toBe(401)
    expect(await running.publish('private-b')).toBe(1)
  })

  it('changes limits for those who are connected', async () => {
    const { running, database } = await start({ ...apiApp })
    const client = await running.connect()
    await client.join('news')
    database.rows = [{ ...apiApp, maxChannelsPerConnection: 1 }]
    await running.server.invalidateApp('app-id')
    expect(await client.subscribe('sports')).toMatchObject({ event: 'pusher:subscription_error' })
  })

  it.each([
    ['gone', [], 4001, 404],
    ['disabled', [{ ...apiApp, enabled: false }], 4003, 403],
  ])('closes the connections of an app that is %s, and no others', async (_, rows, code, status) => {
    const { running, database } = await start({ ...apiApp }, other)
    const clients = await running.connectMany(2)
    const stranger = await running.connect({}, '/app/other-key?protocol=7')
    for (const client of clients) await client.join('presence-x', { user_id: '7' })
    database.rows = [...rows, other]
    await running.server.invalidateApp('app-id')
    for (const client of clients) expect(await refusalOf(client)).toBe(code)
    expect(await refusalOf(await running.open())).toBe(code)
    expect((await apiOf(running).get('/channels')).status).toBe(status)
    await stranger.silence()
    await eventually(() => running.server.counters['connections']).toBe(1)
  })

  it('is not needed within a minute: apps with connections are looked up again', async () => {
    const skip = stoppedClock()
    const { running, database } = await start({ ...apiApp })
    const client = await running.connect()
    database.rows = [{ ...apiApp, enabled: false }]
    skip(61)
    expect(await refusalOf(client)).toBe(4003)
  })

  it('lets an app in that was unknown a moment ago', async () => {
    const { running, database } = await start()
    expect(await refusalOf(await running.open())).toBe(4001)
    database.rows = [{ ...apiApp }]
    await running.server.invalidateApp('app-id')
    await (await running.connect()).silence()
  })

  it('keeps connections while the manager fails, and never rejects', async () => {
    const { running, database } = await start({ ...apiApp })
    const client = await running.connect()
    database.failure = new Error('the data base is down')
    await running.server.invalidateApp('app-id')
    await client.silence()
    expect(await refusalOf(await running.open())).toBe(4100)
  })

  it('of a configured app does nothing', async () => {
    const running = await startServer()
    const client = await running.connect()
    await running.server.invalidateApp('app-id')
    await running.server.invalidateApp('unknown')
    await client.silence()
  })
})

describe('the default app of a manager', () => {
  const make = (options: object, env = {}) => {
    const server = new ReverbServer({ logger: silentLogger, ...options }, env)
    onTestFinished(() => server.close())
    return server
  }
  const appManager = new Database({ ...apiApp }, other)

  it.each([
    [{ appManager, appKey: 'other-key' }, {}],
    [{ appManager }, { REVERB_APP_KEY: 'other-key' }],
  ])('is the one of appKey: %#', async (options, env) => {
    const server = make(options, env)
    expect(server.clientOptions().key).toBe('other-key')
    expect(await server.credentials()).toEqual({ key: 'other-key', secret: 'other-secret' })
    expect(await server.publish({ channels: ['news'], event: 'a', data: '1' })).toEqual(
      new Map([['news', 0]]),
    )
    expect(await server.credentials('app-key')).toEqual(credentials)
  })

  it('must be named: without an appKey there is none', async () => {
    const server = make({ appManager })
    const said = /REVERB_APP_KEY \(appKey\)/
    expect(() => server.clientOptions()).toThrow(said)
    expect(() => server.credentials()).toThrow(said)
    await expect(server.publish({ channels: ['news'], event: 'a', data: '1' })).rejects.toThrow(said)
    const published = await server.publish({ appKey: 'app-key', channels: ['news'], event: 'a', data: '1' })
    expect(published.get('news')).toBe(0)
  })

  it('is never the one of the environment: its well-known secret opens nothing', async () => {
    const running = await startServer({ appManager, appKey: 'local', appSecret: 'secret' })
    expect(await refusalOf(await running.open('/app/local?protocol=7'))).toBe(4001)
  })
})

describe('a mount for one app of a manager', () => {
  it('serves that app and no other, also after it has changed', async () => {
    const database = new Database({ ...apiApp }, other)
    const server = createReverb({ appManager: database })
    const http = createServer()
    server.attach(http, { path: '/reverb', key: 'app-key' })
    const port = await listen(http)
    const api = apiOf({ port }, '/reverb')
    const stranger = new Api({ port, app: other, prefix: '/reverb' })
    for (const maxBatch of [1, 2]) {
      database.rows = [{ ...apiApp, maxBatch }, other]
      await server.invalidateApp('app-id')
      await connectUnder(port, '/reverb')
      await expect(connectUnder(port, '/reverb', {}, '/app/other-key?protocol=7')).rejects.toThrow(/4001/)
      expect([(await api.get('/channels')).status, (await stranger.get('/channels')).status]).toEqual([
        200, 404,
      ])
    }
  })
})

describe('what is no app manager', () => {
  it.each([
    [{ appManager: {} }, /appManager: it has no method findByKey/],
    [{ appManager: { findByKey() {} } }, /appManager: it has no method findById/],
    [{ appManager: new Database(), apps: [apiApp] }, /either apps or an appManager/],
  ])('is refused at once: %#', (options, said) => {
    expect(() => new ReverbServer({ logger: silentLogger, ...(options as object) }, {})).toThrow(said)
  })
})

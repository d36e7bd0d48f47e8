import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { makeApp, Parts } from '../../../test/support/parts.ts'
import type { Awaitable } from '../../support/awaitable.ts'
import { AppLookupError } from '../errors.ts'
import type { AppManager } from './app-manager.ts'
import { type AppOptions, completeApp } from './app-options.ts'
import { Apps } from './apps.ts'

const shop: AppOptions = { id: '1', key: 'shop', secret: 'sesame' }

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] })
})

afterEach(() => {
  vi.useRealTimers()
})

/** A manager that knows these apps; what is asked of it, and how it answers, can be told. */
class FakeManager implements AppManager {
  known: AppOptions[]
  /** Every look-up: `key shop`. */
  readonly asked: string[] = []
  /** What becomes of an answer. */
  answer: (found: AppOptions | undefined) => Awaitable<AppOptions | undefined> = async (found) => found

  constructor(...known: AppOptions[]) {
    this.known = known
  }

  findByKey(key: string) {
    this.asked.push(`key ${key}`)
    return this.answer(this.known.find((app) => app.key === key))
  }

  findById(id: string) {
    this.asked.push(`id ${id}`)
    return this.answer(this.known.find((app) => app.id === id))
  }
}

function make(manager?: AppManager, configured = manager ? [] : [makeApp({ id: '1', key: 'shop' })]) {
  const parts = new Parts()
  const learned: string[] = []
  const note = (line: string) => void parts.lines.push(line)
  const apps = new Apps({
    ...parts,
    configured,
    manager,
    complete: (given) => completeApp(given, parts.app),
    learned: ({ secret }) => learned.push(secret),
    logger: { debug: note, info: note, warn: note, error: note },
  })
  return { apps, parts, learned }
}

/** Lets whoever waits for a promise go on. */
const settled = () => vi.advanceTimersByTimeAsync(0)

describe('Apps', () => {
  describe('of the configuration', () => {
    const one = makeApp({ id: '1', key: 'one' })
    const other = makeApp({ id: '2', key: 'other' })

    it('are found by key and by id, at once and for ever', () => {
      const { apps } = make(undefined, [one, other])
      vi.advanceTimersByTime(1e9)
      apps.sweep(performance.now())
      expect(apps.findByKey('other')).toBe(other)
      expect(apps.findById('1')).toBe(one)
      expect(apps.current(one)).toBe(one)
    })

    it.each(['', '1', 'ONE', '__proto__', 'constructor', 'x'.repeat(10_000)])(
      'are not found by the key %j',
      (key) => {
        expect(make(undefined, [one, other]).apps.findByKey(key)).toBeUndefined()
      },
    )

    it.each(['', 'one', '3', '__proto__'])('are not found by the id %j', (id) => {
      expect(make(undefined, [one, other]).apps.findById(id)).toBeUndefined()
    })

    it('do not mind being invalidated', async () => {
      const { apps } = make(undefined, [one])
      await apps.invalidate('1')
      await apps.invalidate('x')
      expect(apps.findById('1')).toBe(one)
    })
  })

  describe('of a manager', () => {
    it('are completed with the settings of the server, and announced', async () => {
      const { apps, learned } = make(new FakeManager({ ...shop, maxBatch: 2 }))
      expect(await apps.findByKey('shop')).toMatchObject({ ...shop, maxBatch: 2, maxMessageSize: 102_400 })
      expect(learned).toEqual(['sesame'])
    })

    it('are asked for once and remembered for a minute, by key and by id', async () => {
      const manager = new FakeManager(shop)
      const { apps } = make(manager)
      const first = await apps.findByKey('shop')
      vi.advanceTimersByTime(59_000)
      expect(apps.findByKey('shop')).toBe(first)
      expect(apps.findById('1')).toBe(first)
      vi.advanceTimersByTime(1_000)
      expect(await apps.findById('1')).toBe(first)
      expect(manager.asked).toEqual(['key shop', 'id 1'])
    })

    it('may be there at once', () => {
      const manager = new FakeManager(shop)
      manager.answer = (found) => found
      const { apps } = make(manager)
      expect(apps.findByKey('shop')).toMatchObject(shop)
      expect(apps.findById('2')).toBeUndefined()
    })

    it('are asked for once by many who ask at the same time', async () => {
      const manager = new FakeManager(shop)
      const { apps } = make(manager)
      const found = await Promise.all(Array.from({ length: 50 }, () => apps.findByKey('shop')))
      expect(new Set(found).size).toBe(1)
      expect(manager.asked).toEqual(['key shop'])
    })

    it.each([undefined, null])('that do not exist (%s) are remembered for five seconds', async (none) => {
      const manager = new FakeManager()
      manager.answer = async () => none as undefined
      const { apps } = make(manager)
      expect(await apps.findByKey('x')).toBeUndefined()
      vi.advanceTimersByTime(4_999)
      expect(apps.findByKey('x')).toBeUndefined()
      vi.advanceTimersByTime(1)
      expect(await apps.findByKey('x')).toBeUndefined()
      expect(manager.asked).toEqual(['key x', 'key x'])
    })

    it('have exactly the key or id that was asked for, whatever a data base takes for equal', async () => {
      const manager = new FakeManager()
      manager.answer = async () => shop
      const { apps } = make(manager)
      expect(await apps.findByKey('SHOP')).toBeUndefined()
      expect(await apps.findById('01')).toBeUndefined()
      expect(await apps.findById('1')).toMatchObject(shop)
    })

    it.each(['', 'x'.repeat(257)])('are not asked for by %j', (name) => {
      const manager = new FakeManager(shop)
      const { apps } = make(manager)
      expect([apps.findByKey(name), apps.findById(name)]).toEqual([undefined, undefined])
      expect(manager.asked).toEqual([])
    })

    it('are remembered in a bounded number, those that do not exist too', async () => {
      const manager = new FakeManager()
      manager.answer = (found) => found
      const { apps } = make(manager)
      for (let key = 0; key <= 10_000; key++) apps.findByKey(`${key}`)
      manager.asked.length = 0
      apps.findByKey('10000')
      apps.findByKey('1')
      expect(manager.asked).toEqual([])
      apps.findByKey('0')
      expect(manager.asked).toEqual(['key 0'])
    })

    it('are remembered in a bounded number, but for those with connections', async () => {
      const manager = new FakeManager()
      const { apps, parts } = make(manager)
      manager.answer = () => ({ ...shop, id: manager.asked.at(-1)?.slice(3) ?? '' })
      for (let id = 0; id < 10_002; id++) apps.findById(`${id}`)
      const oldest = await apps.findById('0')
      parts.connect({ app: oldest ?? parts.app })
      apps.sweep(performance.now())
      manager.asked.length = 0
      for (const id of ['0', '3', '10001']) apps.findById(id)
      expect(manager.asked).toEqual([])
      for (const id of ['1', '2']) apps.findById(id)
      expect(manager.asked).toEqual(['id 1', 'id 2'])
    })

    it('are asked for by no more than a hundred look-ups at one time', async () => {
      const manager = new FakeManager(shop)
      const { apps, parts } = make(manager)
      const pending = Array.from({ length: 100 }, (_, key) => apps.findByKey(`${key}`))
      expect(() => apps.findByKey('shop')).toThrow(AppLookupError)
      expect(apps.findByKey('0')).toBe(pending[0])
      await Promise.all(pending)
      expect(await apps.findByKey('shop')).toMatchObject(shop)
      expect(parts.metrics.appLookupsFailed).toBe(1)
    })
  })

  describe('when the manager fails', () => {
    const failures: [what: string, answer: FakeManager['answer'], status: number][] = [
      [
        'throws',
        () => {
          throw new Error('no data base')
        },
        503,
      ],
      ['rejects', () => Promise.reject(new Error('no data base')), 503],
      ['rejects with nothing', () => Promise.reject(undefined), 503],
      ['returns nonsense', () => ({ id: '1', key: 'shop', secret: ['sesame'] }) as never, 500],
      ['resolves to nonsense', async () => 'sesame' as never, 500],
      ['does not answer', () => new Promise(() => {}), 503],
    ]

    it.each(failures)('because it %s, everybody who asks is told so', async (_, answer, status) => {
      const manager = new FakeManager(shop)
      manager.answer = answer
      const { apps, parts } = make(manager)
      const asking = Promise.all([find(apps), find(apps)])
      await vi.advanceTimersByTimeAsync(5_000)
      for (const failed of await asking) {
        expect(failed).toBeInstanceOf(AppLookupError)
        expect(failed).toMatchObject({ code: 'ERR_BROADCAST_APP_LOOKUP', answered: status })
      }
      expect(parts.metrics.appLookupsFailed).toBe(1)
      expect(parts.lines).toEqual([
        expect.stringMatching(/^Looking up the app with the key "shop" failed: ./),
      ])
      expect(parts.lines.join()).not.toContain('sesame')
    })

    it('it is not asked again for a second', async () => {
      const manager = new FakeManager(shop)
      const { answer } = manager
      manager.answer = () => Promise.reject(new Error('no data base'))
      const { apps } = make(manager)
      await find(apps)
      manager.answer = answer
      vi.advanceTimersByTime(999)
      expect(await find(apps)).toBeInstanceOf(AppLookupError)
      expect(manager.asked).toHaveLength(1)
      vi.advanceTimersByTime(1)
      expect(await find(apps)).toMatchObject(shop)
    })

    it('what was known stays in force, and it is asked again after five seconds', async () => {
      const manager = new FakeManager(shop)
      const { apps, parts } = make(manager)
      await apps.findByKey('shop')
      manager.answer = () => Promise.reject(new Error('no data base'))
      vi.advanceTimersByTime(60_000)
      expect(await apps.findByKey('shop')).toMatchObject(shop)
      vi.advanceTimersByTime(4_999)
      expect(apps.findByKey('shop')).toMatchObject(shop)
      vi.advanceTimersByTime(1)
      await apps.findByKey('shop')
      expect(manager.asked).toHaveLength(3)
      expect(parts.metrics.appLookupsFailed).toBe(2)
    })

    it('what was said to have changed is not believed any more', async () => {
      const manager = new FakeManager(shop)
      const { apps, parts } = make(manager)
      const client = parts.connect({ app: (await apps.findByKey('shop')) ?? parts.app })
      manager.answer = () => Promise.reject(new Error('no data base'))
      await apps.invalidate('1')
      expect(await find(apps)).toBeInstanceOf(AppLookupError)
      expect(client.socket.closed).toBeUndefined()
    })
  })

  describe('that change', () => {
    async function connected(...known: AppOptions[]) {
      const manager = new FakeManager(...known)
      const made = make(manager)
      const app = await made.apps.findByKey('shop')
      if (app === undefined) throw new Error('The shop is not known')
      const client = made.parts.connect({ app })
      const stranger = made.parts.connect()
      return { ...made, manager, client, stranger }
    }

    it('have their connections follow, and nobody else', async () => {
      const { apps, manager, client, stranger, learned } = await connected(shop)
      const before = stranger.connection.app
      manager.known = [{ ...shop, secret: 'new', clientEventRate: 1 }]
      await apps.invalidate('1')
      expect(client.connection.app).toMatchObject({ secret: 'new', clientEventRate: 1 })
      const { limiter } = client.connection
      expect([limiter.clientEvent(0), limiter.clientEvent(0)]).toEqual([true, false])
      expect(stranger.connection.app).toBe(before)
      expect(apps.findByKey('shop')).toMatchObject({ secret: 'new' })
      expect(learned).toEqual(['sesame', 'new'])
    })

    it('leave their connections as they are when nothing has changed', async () => {
      const { apps, client, learned } = await connected(shop)
      const { app, limiter } = client.connection
      await apps.invalidate('1')
      expect(client.connection.app).toBe(app)
      expect(client.connection.limiter).toBe(limiter)
      expect(learned).toEqual(['sesame'])
    })

    it.each([
      ['are gone', [], 4001],
      ['are disabled', [{ ...shop, enabled: false }], 4003],
    ])('because they %s, have their connections closed', async (_, known, code) => {
      const { apps, manager, client, stranger } = await connected(shop)
      manager.known = known
      await apps.invalidate('1')
      expect(client.socket.take()).toMatchObject([{ event: 'pusher:error', data: { code } }])
      expect(client.socket.closed?.code).toBe(code)
      expect(stranger.socket.closed).toBeUndefined()
    })

    it('have a new key, and the old one is unknown', async () => {
      const { apps, manager, client } = await connected(shop)
      manager.known = [{ ...shop, key: 'market' }]
      await apps.invalidate('1')
      expect(client.connection.app.key).toBe('market')
      expect(apps.findByKey('market')).toMatchObject({ id: '1' })
      expect(await apps.findByKey('shop')).toBeUndefined()
    })

    it('may give their key to another app', async () => {
      const { apps, manager } = await connected(shop)
      manager.known = [
        { ...shop, key: 'market' },
        { ...shop, id: '2' },
      ]
      await apps.findById('2')
      await apps.invalidate('1')
      expect(apps.findByKey('shop')).toMatchObject({ id: '2' })
      expect(apps.findByKey('market')).toMatchObject({ id: '1' })
    })

    it('are noticed within a minute without being told, while they have connections', async () => {
      const { apps, manager, client } = await connected(shop)
      manager.known = [{ ...shop, secret: 'new' }]
      apps.sweep(performance.now() + 59_999)
      expect(manager.asked).toEqual(['key shop'])
      vi.advanceTimersByTime(60_000)
      apps.sweep(performance.now())
      apps.sweep(performance.now())
      await settled()
      expect(manager.asked).toEqual(['key shop', 'id 1'])
      expect(client.connection.app.secret).toBe('new')
    })

    it('are noticed by a connection that was still on its way when they were forgotten', async () => {
      const manager = new FakeManager(shop)
      const { apps, parts } = make(manager)
      const app = (await apps.findByKey('shop')) ?? parts.app
      vi.advanceTimersByTime(60_000)
      apps.sweep(performance.now())
      const client = parts.connect({ app })
      expect(apps.current(app)).toBe(app)
      manager.known = [{ ...shop, enabled: false }]
      apps.sweep(performance.now())
      await settled()
      expect(client.socket.closed?.code).toBe(4003)
    })

    it('are not asked for any more without connections', async () => {
      const { apps, parts, manager, client } = await connected(shop)
      client.connection.end()
      await parts.released(5_000)
      vi.advanceTimersByTime(60_000)
      apps.sweep(performance.now())
      await settled()
      expect(manager.asked).toEqual(['key shop'])
    })

    it.each<[what: string, answer: FakeManager['answer']]>([
      ['rejects', () => Promise.reject(new Error('no data base'))],
      [
        'throws',
        () => {
          throw new Error('no data base')
        },
      ],
    ])('keep their connections while the manager %s', async (_, answer) => {
      const { apps, parts, manager, client } = await connected(shop)
      manager.answer = answer
      for (let minutes = 0; minutes < 3; minutes++) {
        vi.advanceTimersByTime(60_000)
        apps.sweep(performance.now())
        await settled()
      }
      expect(client.socket.closed).toBeUndefined()
      expect(parts.metrics.appLookupsFailed).toBe(3)
    })

    it('are known by the younger of two answers, whichever comes first', async () => {
      const { apps, manager, client } = await connected(shop)
      const answers: ((app: AppOptions | undefined) => void)[] = []
      manager.answer = () => new Promise((resolve) => answers.push(resolve))
      vi.advanceTimersByTime(60_000)
      const older = apps.findByKey('shop')
      const invalidated = apps.invalidate('1')
      answers[1]?.({ ...shop, secret: 'new' })
      await invalidated
      answers[0]?.(shop)
      expect(await older).toMatchObject({ secret: 'new' })
      expect(client.connection.app.secret).toBe('new')
      expect(apps.findByKey('shop')).toMatchObject({ secret: 'new' })
    })

    it('stay gone when an older answer still has them', async () => {
      const { apps, manager } = await connected(shop)
      const answers: ((app: AppOptions | undefined) => void)[] = []
      manager.answer = () => new Promise((resolve) => answers.push(resolve))
      vi.advanceTimersByTime(60_000)
      const older = apps.findByKey('shop')
      const invalidated = apps.invalidate('1')
      answers[1]?.(undefined)
      await invalidated
      answers[0]?.(shop)
      expect(await older).toBeUndefined()
      expect(apps.findById('1')).toBeUndefined()
    })

    it('are current at any moment', async () => {
      const { apps, manager, client } = await connected(shop)
      const { app } = client.connection
      expect(apps.current(app)).toBe(app)
      manager.known = [{ ...shop, secret: 'new' }]
      await apps.invalidate('1')
      expect(apps.current(app)).toMatchObject({ secret: 'new' })
      manager.known = []
      await apps.invalidate('1')
      expect(apps.current(app)).toBeUndefined()
    })

    it('become known at once when somebody says that they are new', async () => {
      const manager = new FakeManager()
      const { apps } = make(manager)
      expect(await apps.findByKey('shop')).toBeUndefined()
      manager.known = [shop]
      await apps.invalidate('1')
      expect(apps.findByKey('shop')).toMatchObject(shop)
    })
  })
})

/** The app, or what the look-up failed with. */
async function find(apps: Apps): Promise<unknown> {
  try {
    return await apps.findByKey('shop')
  } catch (thrown) {
    return thrown
  }
}

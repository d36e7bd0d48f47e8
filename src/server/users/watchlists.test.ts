import { beforeEach, describe, expect, it } from 'vitest'
import { ManualRegistry } from '../../../test/support/manual-registry.ts'
import { makeApp, Parts, socketIdOf, type TestClient, turn } from '../../../test/support/parts.ts'
import { payloadOf } from '../../testing/index.ts'
import { Watchlists } from './watchlists.ts'

let registry: ManualRegistry
let parts: Parts
let watchlists: Watchlists

beforeEach(() => {
  registry = new ManualRegistry()
  // They stand beside those of the server, so that nobody but the test tells them anything.
  parts = new Parts({ registry })
  watchlists = new Watchlists(registry)
})

const online = (...user_ids: string[]) => ({ name: 'online', user_ids })
const offline = (...user_ids: string[]) => ({ name: 'offline', user_ids })

/** The entries of each message that a client has got since the last time. */
async function told({ socket }: TestClient): Promise<unknown[]> {
  await turn()
  return socket.take().map((message) => {
    expect(message).toMatchObject({ event: 'pusher_internal:watchlist_events', data: expect.any(String) })
    // The decode boundary: what these messages carry.
    return (payloadOf(message) as { events: unknown }).events
  })
}

/** From here on the registry says that the user is online, and says so to nobody. */
async function comes(userId: string): Promise<void> {
  const signedIn = registry.signIn(parts.app, socketIdOf('9.9'), userId)
  await registry.answer()
  await signedIn
}

/** A client that watches users and has been told what there is to tell. */
async function watching(...userIds: string[]): Promise<TestClient> {
  const client = parts.connect()
  const watched = watchlists.watch(client.connection, userIds)
  await registry.answer()
  await watched
  await told(client)
  return client
}

describe('Watchlists', () => {
  describe('#watch', () => {
    it('C115 tells the state of each user, in the order of the list, when the registry has answered', async () => {
      await comes('8')
      await comes('9')
      const client = parts.connect()
      void watchlists.watch(client.connection, ['9', '7', '8', '6'])
      expect(await told(client)).toEqual([])
      await registry.answer()
      expect(await told(client)).toEqual([[online('9', '8'), offline('7', '6')]])
    })

    it('C115 asks nothing and says nothing for an empty list, which ends the one before', async () => {
      const client = await watching('8')
      expect(watchlists.watch(client.connection, [])).toBeUndefined()
      watchlists.changed(parts.app, '8', true)
      expect(await told(client)).toEqual([])
      expect(watchlists.isWatched(parts.app.id, '8')).toBe(false)
    })

    it('C111 takes the place of the list before, also while that is being asked for', async () => {
      const client = parts.connect()
      for (const userId of ['8', '9']) void watchlists.watch(client.connection, [userId])
      await registry.answer()
      expect(await told(client)).toEqual([])
      await registry.answer()
      expect(await told(client)).toEqual([[offline('9')]])
      watchlists.changed(parts.app, '8', true)
      watchlists.changed(parts.app, '9', true)
      expect(await told(client)).toEqual([[online('9')]])
    })

    it('C70 takes __proto__ for a user like any other', async () => {
      const client = await watching('__proto__', 'constructor')
      watchlists.changed(parts.app, '__proto__', true)
      expect(await told(client)).toEqual([[online('__proto__')]])
    })
  })

  describe('#changed', () => {
    it('C116 tells everybody who watches the user, and nobody else', async () => {
      const [one, two, other] = [await watching('8', '9'), await watching('8'), await watching('9')]
      watchlists.changed(parts.app, '8', true)
      watchlists.changed(parts.app, 'unwatched', true)
      for (const client of [one, two]) expect(await told(client)).toEqual([[online('8')]])
      expect(await told(other)).toEqual([])
      watchlists.changed(parts.app, '8', false)
      for (const client of [one, two]) expect(await told(client)).toEqual([[offline('8')]])
    })

    it('tells once what is said twice, and nothing that the first answer has said', async () => {
      await comes('9')
      const client = await watching('8', '9')
      for (const isOnline of [false, true, true, false, false]) watchlists.changed(parts.app, '8', isOnline)
      watchlists.changed(parts.app, '9', true)
      expect(await told(client)).toEqual([[online('8')], [offline('8')]])
    })

    it('C178 tells nobody of another app', async () => {
      const client = await watching('8')
      watchlists.changed(makeApp({ id: 'other' }), '8', true)
      expect(await told(client)).toEqual([])
    })

    it('is worth more than an older answer that is still on its way, and is not told by itself', async () => {
      await comes('9')
      const client = parts.connect()
      void watchlists.watch(client.connection, ['7', '8', '9'])
      watchlists.changed(parts.app, '8', true)
      watchlists.changed(parts.app, '9', true)
      watchlists.changed(parts.app, '9', false)
      expect(await told(client)).toEqual([])
      await registry.answer()
      expect(await told(client)).toEqual([[online('8'), offline('7', '9')]])
      watchlists.changed(parts.app, '8', true)
      watchlists.changed(parts.app, '9', false)
      expect(await told(client)).toEqual([])
      watchlists.changed(parts.app, '8', false)
      expect(await told(client)).toEqual([[offline('8')]])
    })

    it('tells those at once who have their first answer, while others wait for theirs', async () => {
      const one = await watching('8')
      const two = parts.connect()
      void watchlists.watch(two.connection, ['8'])
      watchlists.changed(parts.app, '8', true)
      expect([await told(one), await told(two)]).toEqual([[[online('8')]], []])
      await registry.answer()
      expect([await told(one), await told(two)]).toEqual([[], [[online('8')]]])
    })
  })

  describe('an answer of the registry', () => {
    it('tells those who watch already what nobody has told them', async () => {
      const [one, two] = [await watching('8', '9'), await watching('8')]
      await comes('8')
      const late = parts.connect()
      void watchlists.watch(late.connection, ['9', '8'])
      await registry.answer()
      expect(await told(late)).toEqual([[online('8'), offline('9')]])
      for (const client of [one, two]) expect(await told(client)).toEqual([[online('8')]])
      watchlists.changed(parts.app, '8', true)
      for (const client of [one, two, late]) expect(await told(client)).toEqual([])
    })

    it('brings those the state who could not be told when they began', async () => {
      const [one, two] = [parts.connect(), parts.connect()]
      const watched = watchlists.watch(one.connection, ['8', '9'])
      const outcome = expect(watched).rejects.toThrow('no connection')
      await registry.fail(new Error('no connection'))
      await outcome
      watchlists.changed(parts.app, '9', true)
      expect(await told(one)).toEqual([[online('9')]])
      void watchlists.watch(two.connection, ['8', '9'])
      await registry.answer()
      expect(await told(one)).toEqual([[offline('8')], [offline('9')]])
      expect(await told(two)).toEqual([[offline('8', '9')]])
    })

    it('that comes after the connection has gone is told to nobody', async () => {
      const one = await watching('8')
      const two = parts.connect()
      await comes('8')
      void watchlists.watch(two.connection, ['8'])
      watchlists.unwatch(two.connection)
      await registry.answerAll()
      expect([await told(one), await told(two)]).toEqual([[], []])
    })
  })

  describe('#unwatch', () => {
    it('ends the list of the connection, and of no other', async () => {
      const [one, two] = [await watching('8'), await watching('8')]
      watchlists.unwatch(one.connection)
      watchlists.unwatch(one.connection)
      watchlists.changed(parts.app, '8', true)
      expect([await told(one), await told(two)]).toEqual([[], [[online('8')]]])
    })

    it('forgets what the last one was told', async () => {
      const client = await watching('8')
      watchlists.changed(parts.app, '8', true)
      watchlists.unwatch(client.connection)
      watchlists.changed(parts.app, '8', false)
      await told(client)
      void watchlists.watch(client.connection, ['8'])
      await registry.answer()
      watchlists.changed(parts.app, '8', true)
      expect(await told(client)).toEqual([[offline('8')], [online('8')]])
    })
  })

  it('know whom somebody watches, in each app', async () => {
    const other = makeApp({ id: 'other' })
    const one = await watching('8', '9')
    const two = await watching('9')
    void watchlists.watch(parts.connect({ app: other }).connection, ['8'])
    await registry.answer()
    const watched = () =>
      [...watchlists.watchedUsers()].map(([appId, userIds]) => [appId, ...userIds].join(' '))
    expect(watched()).toEqual(['app-id 8 9', 'other 8'])
    expect(watchlists.isWatched('app-id', '9')).toBe(true)
    expect(watchlists.isWatched('other', '9')).toBe(false)
    watchlists.unwatch(one.connection)
    expect(watched()).toEqual(['app-id 9', 'other 8'])
    watchlists.unwatch(two.connection)
    expect(watched()).toEqual(['other 8'])
  })
})

describe('watchlists with a registry that is far away', () => {
  it('believes the answer to each watcher, not an older one to another', async () => {
    const registry = new ManualRegistry()
    const parts = new Parts({ registry })
    const watchlists = new Watchlists(registry)
    const [one, two] = [parts.connect(), parts.connect()]
    void watchlists.watch(one.connection, ['8'])
    void registry.signIn(parts.app, socketIdOf('9.9'), '8')
    void watchlists.watch(two.connection, ['8'])
    await registry.answerAll()
    await turn()
    expect(two.socket.take().at(-1)?.data).toBe('{"events":[{"name":"online","user_ids":["8"]}]}')
  })
})

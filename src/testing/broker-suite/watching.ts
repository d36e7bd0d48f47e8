import assert from 'node:assert/strict'
import type { BrokerStatements } from '../broker-suite.ts'
import { idsOf, member, placeOf } from './node.ts'
import { oddNames } from './odd-names.ts'

const news = placeOf('news')
const room = placeOf('presence-room')

/** Notices to those who watch a place. */
export const watchingStatements: BrokerStatements = {
  'tells those who watch of every change, whoever made it': async (open) => {
    const [one, other] = [await open(), await open()]
    for (const node of [one, other]) await node.begin()
    await one.broker.ledger.watch([news, room])
    const came = await other.hold(room, { subscriptions: 2, add: [member('7', '"info"')] })
    const own = await one.hold(room)
    const left = await other.leave(room, { remove: ['7'] })
    const added = [member('7', '"info"')]
    assert.deepEqual(
      [await one.notice(room), await one.notice(room), await one.notice(room)],
      [
        { version: came.version, previous: 0, subscriptions: 2, added, removed: [] },
        { version: own.version, previous: came.version, subscriptions: 3, added: [], removed: [] },
        { version: left.version, previous: own.version, subscriptions: 1, added: [], removed: ['7'] },
      ],
    )
    assert(came.version < own.version && own.version < left.version)
  },

  'tells of a user who leaves and comes anew, even with the same info': async (open) => {
    const node = await open()
    await node.begin()
    await node.broker.ledger.watch([room])
    const added = [member('7', '"info"')]
    const came = await node.hold(room, { add: added })
    const again = await node.hold(room, { remove: ['7'], add: added })
    assert.equal(again.previous, came.version)
    assert.deepEqual(
      [await node.notice(room), await node.notice(room)],
      [
        { version: came.version, previous: 0, subscriptions: 1, added, removed: [] },
        { version: again.version, previous: came.version, subscriptions: 1, added, removed: ['7'] },
      ],
    )
  },

  'tells of users in any case, of subscriptions when that is wanted': async (open) => {
    const node = await open()
    await node.begin()
    await node.broker.ledger.watch([room])
    const first = await node.hold(room, { counted: false, add: [member('a')] })
    await node.hold(room, { counted: false, subscriptions: 2 })
    const second = await node.hold(room, { counted: false, subscriptions: 3, add: [member('b')] })
    const third = await node.hold(room, { counted: true, subscriptions: 4 })
    const notices = [await node.notice(room), await node.notice(room), await node.notice(room)]
    assert.deepEqual(
      notices.map(({ version }) => version),
      [first.version, second.version, third.version],
    )
    assert.deepEqual(
      notices.map(({ previous }) => previous),
      [0, first.version, second.version],
    )
  },

  'tells nothing of what changes nothing': async (open) => {
    const node = await open()
    await node.begin()
    await node.broker.ledger.watch([room])
    const holding = { subscriptions: 2, add: [member('a')] }
    for (const said of [holding, holding, { subscriptions: 2 }]) await node.hold(room, said)
    await node.hold(room, { subscriptions: 2, remove: ['a'] })
    assert.deepEqual(idsOf((await node.notice(room)).added), ['a'])
    assert.deepEqual((await node.notice(room)).removed, ['a'])
  },

  'tells everything that happens once a watch has resolved': async (open) => {
    const [one, other] = [await open(), await open()]
    await other.begin()
    for (let index = 0; index < 50; index++) {
      const place = placeOf(`channel-${index}`)
      await one.broker.ledger.watch([place])
      await other.hold(place)
      assert.equal((await one.notice(place)).subscriptions, 1)
    }
  },

  'tells nothing more once unwatched, and everything again once watched anew': async (open) => {
    const [one, other] = [await open(), await open()]
    await other.begin()
    const { ledger } = one.broker
    await ledger.watch([news, room])
    await ledger.watch([news])
    await ledger.unwatch([news, placeOf('never watched')])
    await other.hold(news)
    await other.hold(room)
    assert.equal((await one.notice(room)).subscriptions, 1)
    await ledger.watch([news])
    await other.hold(news, { subscriptions: 5 })
    assert.equal((await one.notice(news)).subscriptions, 5)
    for (const list of [[], [room]]) await ledger.unwatch(list)
  },

  'tells of a place until it is vacated, and of its next time with greater versions': async (open) => {
    const node = await open()
    await node.begin()
    await node.broker.ledger.watch([news])
    await node.hold(news)
    await node.leave(news)
    await node.hold(news)
    const notices = [await node.notice(news), await node.notice(news), await node.notice(news)] as const
    assert.deepEqual(
      notices.map(({ subscriptions }) => subscriptions),
      [1, 0, 1],
    )
    assert(notices[0].version < notices[1].version && notices[1].version < notices[2].version)
    assert.equal(notices[1].previous, notices[0].version)
    assert.equal((await node.broker.ledger.state(news)).version, notices[2].version)
  },

  'tells changes that are made at the same time in the order of the versions, with no gap': async (open) => {
    const nodes = [await open(), await open()] as const
    for (const node of nodes) await node.begin()
    for (const { broker } of nodes) await broker.ledger.watch([room])
    const ids = Array.from({ length: 40 }, (_, index) => String(index))
    await Promise.all(
      nodes.flatMap((node, which) => ids.map((id) => node.hold(room, { add: [member(`${which} ${id}`)] }))),
    )
    const { version, members } = await nodes[0].broker.ledger.state(room)
    for (const node of nodes) {
      const heard: string[] = []
      let known = 0
      while (known !== version) {
        const notice = await node.notice(room)
        assert.equal(notice.previous, known)
        assert(notice.version > known)
        known = notice.version
        heard.push(...(idsOf(notice.added) ?? []))
      }
      assert.deepEqual(heard, idsOf(members))
    }
  },

  'tells only of the place that is watched, whatever its name': async (open) => {
    const [one, other] = [await open(), await open()]
    await other.begin()
    const places = oddNames.map((name) => placeOf(name, name))
    await one.broker.ledger.watch(places)
    for (const { channel } of places) await other.hold(placeOf(channel), { subscriptions: 9 })
    for (const place of places) await other.hold(place, { add: [member('ü😀', '"é"')] })
    for (const place of places) {
      const { subscriptions, added } = await one.notice(place)
      assert.deepEqual([subscriptions, added], [1, [member('ü😀', '"é"')]])
    }
  },

  'tells nothing of another installation': async (open) => {
    const [node, stranger] = [await open(), await open('other')]
    for (const each of [node, stranger]) await each.begin()
    await node.broker.ledger.watch([news])
    await stranger.hold(news, { subscriptions: 9 })
    await node.hold(news)
    assert.equal((await node.notice(news)).subscriptions, 1)
  },
}

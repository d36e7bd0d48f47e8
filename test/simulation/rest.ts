import { stale } from '../../src/server/cluster/broker.ts'
import { onlineKey, transitionKey } from './rights.ts'
import { channels } from './schedule.ts'
import type { World } from './world.ts'

const people = ['u1', 'u2', 'u3', 'u4']

/** What must be so when nothing has gone wrong for long enough. */
export function checkRest(world: World): void {
  for (const { index, trouble } of world.living) {
    if (trouble !== undefined) world.violation('rest', `Node ${index} is in trouble: ${trouble}`)
  }
  for (const channel of channels) checkChannel(world, channel)
  checkConnections(world)
  checkUsers(world)
  for (const { name, views, alive } of world.sessions) {
    for (const [channel, { live, refused }] of views) {
      if (alive && !live && !refused) world.violation('rest', `${name} was never answered about ${channel}`)
    }
  }
}

/** Who should have got what was published, and is still there, has got it. */
export function checkLosses(world: World): void {
  for (const { data, channel, expected } of world.published) {
    for (const { session, view } of expected) {
      const stayed = session.alive && session.views.get(channel) === view
      if (stayed && !session.hasHeard(data)) world.violation('lost', `${session.name} never got ${data}`)
    }
  }
}

/** What must be so when everybody has left, and a while has passed. */
export function checkNothingLeft(world: World): void {
  for (const { index, broker } of world.living) {
    const interests = broker.interests.filter((name) => name !== 'all' && !name.startsWith('probe:'))
    if (interests.length > 0) world.violation('leak', `Node ${index} still wants ${interests.join()}`)
  }
  world.hub.look('renew', 'nobody', 1_000, true)
  const settled = world.hub.look('settle', 'nobody', 0)
  world.hub.look('forget', 'nobody')
  if (settled === stale) return
  const { departures, offline } = settled
  if (departures.length + offline.length > 0) {
    world.violation('leak', `Departures are left: ${JSON.stringify([...departures, ...offline])}`)
  }
}

/** What must be so when all nodes have gone. */
export function checkNoLives(world: World): void {
  const renewed = world.hub.look('renew', 'nobody', 1_000, true)
  if (typeof renewed === 'string') return
  const { alive, expired } = renewed
  if (alive !== 1 || expired.length > 0) {
    world.violation('leak', `The ledger has ${alive - 1} lives and ${expired.length} expired ones`)
  }
}

function checkChannel(world: World, channel: string): void {
  const { users, subscriptions } = world.truthOf(channel)
  const isPresence = channel.startsWith('presence-')
  const state = world.hub.look('state', { appId: world.app.id, channel })
  const truth = isPresence ? sorted(users) : ''
  const members = sorted(state.members.map(({ id }) => id))
  if (members !== truth)
    world.violation('rest', `The ledger has ${members} in ${channel}, where ${truth} are`)
  if (state.subscriptions !== subscriptions) {
    world.violation(
      'rest',
      `The ledger has ${state.subscriptions} subscriptions of ${channel}, which has ${subscriptions}`,
    )
  }
  const occupied = world.hub.look('occupied', world.app.id, '').has(channel)
  if (occupied !== subscriptions > 0)
    world.violation('rest', `${channel} is ${occupied ? '' : 'not '}occupied`)
  for (const session of world.sessions) {
    const view = session.views.get(channel)
    if (!session.alive || !view?.live) continue
    if (isPresence && sorted(view.members.keys()) !== truth) {
      world.violation(
        'rest',
        `${session.name} knows ${sorted(view.members.keys())} in ${channel}, where ${truth} are`,
      )
    }
    for (const { id, info } of state.members) {
      const known = view.members.get(id)
      if (isPresence && known !== info) {
        world.violation(
          'rest',
          `${session.name} knows ${id} in ${channel} as ${known}, and the ledger as ${info}`,
        )
      }
    }
    if (!isPresence && world.app.subscriptionCount && view.count !== subscriptions) {
      world.violation('rest', `${session.name} knows ${view.count} in ${channel}, where ${subscriptions} are`)
    }
  }
  world.transitions.mustBe(channel, subscriptions > 0)
  if (isPresence) for (const id of people) world.transitions.mustBe(transitionKey(channel, id), users.has(id))
}

function checkConnections(world: World): void {
  const truth = world.sessions.filter(({ alive }) => alive).length
  const counted = world.hub.look('connections', world.app.id)
  if (counted !== truth)
    world.violation('rest', `The ledger has ${counted} connections, and there are ${truth}`)
}

function checkUsers(world: World): void {
  const online = new Set(
    world.sessions.filter(({ alive, signedIn }) => alive && signedIn).map(({ user }) => user),
  )
  const truth = sorted(online)
  const known = sorted(world.hub.look('online', world.app.id, people))
  if (known !== truth) world.violation('rest', `The ledger has ${known} online, and ${truth} are`)
  // What is told of users may be lost on its way between nodes.
  if (world.schedule.dropped > 0) return
  for (const { alive, name, watched } of world.sessions) {
    if (!alive) continue
    for (const [id, isOnline] of watched ?? []) {
      // Who was to tell of it has gone, or was cut off, in that very moment.
      if (isOnline !== online.has(id) && !world.transitions.isExcused(onlineKey(id)))
        world.violation('rest', `${name} takes ${id} for ${isOnline ? 'on' : 'off'}line`)
    }
  }
}

function sorted(ids: Iterable<string>): string {
  return [...ids].sort().join()
}

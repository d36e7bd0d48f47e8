import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MemoryRegistry } from '../../src/server/adapters/memory-registry.ts'
import type { LifecycleEvent } from '../../src/server/lifecycle.ts'
import { payloadOf, type ServerMessage } from '../../src/testing/index.ts'
import { ManualRegistry } from '../support/manual-registry.ts'
import { channels, leaving, left, live, maxMembers, step, users } from './world.ts'

/**
 * Asserts that a client hears of a channel only after it was confirmed, of each member coming and going in turn, and that
 * every roster, a repeated one too, holds exactly those of whom it has heard.
 */
function expectSense(messages: readonly ServerMessage[]): void {
  const rosters = new Map<string, Set<string>>()
  const outdated = new Set<string>()
  const uncertain = new Set<string>()
  for (const message of messages) {
    const { event, channel } = message
    if (channel === undefined || event === 'pusher:error' || event === 'pusher:subscription_error') continue
    if (event === left || event === leaving) {
      const marked = event === left ? outdated : uncertain
      marked.add(channel)
      continue
    }
    // The decode boundary: what the messages of presence channels carry.
    const { presence, user_id = '' } = payloadOf(message) as {
      presence?: { ids: string[] }
      user_id?: string
    }
    if (event === 'pusher_internal:subscription_succeeded') {
      const roster = new Set(presence?.ids)
      expect(roster.size).toBe(presence?.ids.length ?? 0)
      if (!outdated.delete(channel) && !uncertain.has(channel))
        expect(rosters.get(channel) ?? roster).toEqual(roster)
      rosters.set(channel, roster)
      continue
    }
    const roster = rosters.get(channel)
    expect(roster, `${event} on ${channel} before its confirmation`).toBeDefined()
    const comes = event === 'pusher_internal:member_added'
    if (!comes && event !== 'pusher_internal:member_removed') continue
    expect([event, roster?.has(user_id)]).toEqual([event, !comes])
    if (comes) roster?.add(user_id)
    else roster?.delete(user_id)
    expect(roster?.size).toBeLessThanOrEqual(maxMembers)
  }
}

/** Asserts that a client is told the state of everybody on its list once, and then of changes alone. */
function expectNews(messages: readonly ServerMessage[]): void {
  let list: readonly string[] = []
  let told: Map<string, string> | undefined
  for (const message of messages) {
    if (message.event === 'pusher:signin_success') {
      // The decode boundary: a list that was not accepted has got no such answer.
      const { user_data } = payloadOf(message) as { user_data: string }
      const { watchlist } = JSON.parse(user_data) as {
        watchlist: readonly (string | number)[] | null | undefined
      }
      list = [...new Set(watchlist?.map(String))]
      told = undefined
    }
    if (message.event !== 'pusher_internal:watchlist_events') continue
    // The decode boundary: what these messages carry.
    const { events } = payloadOf(message) as { events: { name: string; user_ids: string[] }[] }
    const said = events.flatMap(({ name, user_ids }) => user_ids.map((id) => [id, name] as const))
    if (told === undefined) expect(said.map(([id]) => id).toSorted()).toEqual(list.toSorted())
    else for (const [id, name] of said) expect([id, told.get(id)]).toEqual([id, opposite(name)])
    told = new Map([...(told ?? []), ...said])
  }
}

const opposite = (name: string) => (name === 'online' ? 'offline' : 'online')

/** Asserts that what happened to each channel, and to each member, happened and was undone in turn. */
function expectTurns(events: readonly LifecycleEvent[]): void {
  const here = new Set<string>()
  for (const event of events) {
    const key = JSON.stringify([event.channel, 'userId' in event ? event.userId : null])
    if (event.name === 'channel_occupied' || event.name === 'member_added') {
      expect(here.has(key)).toBe(false)
      here.add(key)
    }
    if (event.name === 'channel_vacated' || event.name === 'member_removed')
      expect(here.delete(key)).toBe(true)
  }
  expect([...here]).toEqual([])
}

describe.each([
  { answers: 'at once', makeRegistry: () => new MemoryRegistry() },
  { answers: 'later', makeRegistry: () => new ManualRegistry() },
])('Whatever clients do, while the registry answers $answers,', ({ makeRegistry }) => {
  // Fewer on a busy machine: the time of a test is bounded, and what a run takes depends on its steps.
  const parameters = { numRuns: 300, interruptAfterTimeLimit: 8_000 }
  const steps = fc.array(step, { maxLength: 60, size: 'max' })

  it('every message is well-formed and makes sense after the others, and no handler fails', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (taken) => {
        const { heard, heardAfterwards, parts, events } = await live(makeRegistry(), taken)
        for (const messages of heard) {
          expectSense(messages)
          expectNews(messages)
        }
        expect(heardAfterwards).toEqual([])
        expectTurns(events)
        expect(parts.metrics.handlerFailures).toBe(0)
        expect(parts.lines).toEqual([])
      }),
      parameters,
    )
  })

  it('nothing is left when all of them are gone', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (taken) => {
        const world = await live(makeRegistry(), taken)
        const { parts } = world
        expect(await world.ask((registry, app) => registry.connections(app))).toBe(0)
        expect([...(await world.ask((registry, app) => registry.channels(app, '')))]).toEqual([])
        expect([...(await world.ask((registry, app) => registry.online(app, users)))]).toEqual([])
        expect(channels.filter((name) => parts.channels.find(parts.app, name) !== undefined)).toEqual([])
        expect(parts.connections.size).toBe(0)
      }),
      parameters,
    )
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MemoryRegistry } from '../../src/server/adapters/memory.ts'
import type { LifecycleEvent } from '../../src/server/lifecycle.ts'
import { payloadOf, type ServerMessage } from '../../src/testing/index.ts'
import { ManualRegistry } from '../support/manual-registry.ts'
import { channels, live, maxMembers, step, users } from './world.ts'

/** Asserts that a client hears of a channel only after it was confirmed, and of each member coming and going in turn. */
function expectSense(messages: readonly ServerMessage[], inTurn: boolean): void {
  const rosters = new Map<string, Set<string>>()
  for (const message of messages) {
    const { event, channel } = message
    if (channel === undefined || event === 'pusher:error' || event === 'pusher:subscription_error') continue
    // The decode boundary: what the messages of presence channels carry.
    const { presence, user_id = '' } = payloadOf(message) as {
      presence?: { ids: string[] }
      user_id?: string
    }
    if (event === 'pusher_internal:subscription_succeeded') {
      rosters.set(channel, new Set(presence?.ids))
      expect(new Set(presence?.ids).size).toBe(presence?.ids.length ?? 0)
      continue
    }
    const roster = rosters.get(channel)
    expect(roster, `${event} on ${channel} before its confirmation`).toBeDefined()
    const comes = event === 'pusher_internal:member_added'
    if (!comes && event !== 'pusher_internal:member_removed') continue
    if (inTurn) expect([event, roster?.has(user_id)]).toEqual([event, !comes])
    if (comes) roster?.add(user_id)
    else roster?.delete(user_id)
    expect(roster?.size).toBeLessThanOrEqual(maxMembers)
  }
}

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
  // A newcomer may be told of a member whom the registry has already named to it, if it had to wait for that.
  { answers: 'at once', makeRegistry: () => new MemoryRegistry(), inTurn: true },
  { answers: 'later', makeRegistry: () => new ManualRegistry(), inTurn: false },
])('Whatever clients do, while the registry answers $answers,', ({ makeRegistry, inTurn }) => {
  const parameters = { numRuns: 300 }
  const steps = fc.array(step, { maxLength: 60 })

  it('every message is well-formed and makes sense after the others, and no handler fails', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (taken) => {
        const { heard, heardAfterwards, parts, events } = await live(makeRegistry(), taken)
        for (const messages of heard) expectSense(messages, inTurn)
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

import { type Held, type Place, type Settled, stale } from '../../src/server/cluster/broker.ts'
import type { Calls } from '../../src/server/cluster/calls.ts'
import type { Right } from './sim-hub.ts'

/** What a node must announce because of an answer of the ledger. */
export function rightsOf(name: keyof Calls, said: readonly unknown[], answer: unknown): readonly Right[] {
  if (answer === stale) return []
  // The decode boundary: answers are those of the calls of these names.
  if (name === 'hold') return rightsOfHeld(said[1] as Place, answer as Held)
  return name === 'settle' ? rightsOfSettled(answer as Settled) : []
}

/** Of a channel, or of a user in it. */
export function transitionKey(channel: string, userId?: string): string {
  return userId === undefined ? channel : `${channel} ${userId}`
}

/** Of whether a user is online. */
export function onlineKey(userId: string): string {
  return `online ${userId}`
}

function rightsOfHeld({ channel }: Place, { added, back, occupied }: Held): readonly Right[] {
  const came = added
    .filter((id) => channel.startsWith('presence-') && !back.includes(id))
    .map((id): Right => ({ key: transitionKey(channel, id), kind: 'came' }))
  return occupied ? [{ key: channel, kind: 'came' }, ...came] : came
}

function rightsOfSettled({ departures, offline }: Settled): readonly Right[] {
  return [
    ...departures.map(
      ({ channel, userId }): Right => ({ key: transitionKey(channel, userId), kind: 'went' }),
    ),
    ...offline.map(({ userId }): Right => ({ key: onlineKey(userId), kind: 'went' })),
  ]
}

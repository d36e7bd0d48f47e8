import { expect } from 'vitest'
import { type ProtocolClient, payloadOf } from '../../src/testing/index.ts'
import type { ServerMessage } from '../../src/testing/server-message.ts'
import { eventually } from './eventually.ts'

const signs: Readonly<Record<string, string>> = {
  'pusher_internal:member_added': '+',
  'pusher_internal:member_removed': '-',
}

/** What a message says of a member, as `+7` or `-7`; nothing where it is about something else. */
export function changeIn(message: ServerMessage): string | undefined {
  const sign = signs[message.event]
  return sign && `${sign}${(payloadOf(message) as { user_id: string }).user_id}`
}

/** A client that is asked who has come and gone in its channel; whatever else it is told is passed over. */
export class Observer {
  readonly client: ProtocolClient
  /** All changes that it was told of, up to the last look. */
  readonly heard: string[] = []

  constructor(client: ProtocolClient) {
    this.client = client
  }

  /** Takes in what there is by now; resolves to everything heard since the beginning. */
  async look(): Promise<readonly string[]> {
    for (const message of await this.client.rest()) {
      const change = changeIn(message)
      if (change !== undefined) this.heard.push(change)
    }
    return this.heard
  }

  /** Resolves when it has heard these changes since the last look; rejects when more have come with them, or others. */
  async hears(...changes: readonly string[]): Promise<void> {
    const before = this.heard.length
    await eventually(async () => (await this.look()).length - before).toBeGreaterThanOrEqual(changes.length)
    expect(this.heard.slice(before)).toEqual(changes)
  }

  /** Rejects when it has heard of anything since the last look. */
  hearsNothing(): Promise<void> {
    return this.hears()
  }
}

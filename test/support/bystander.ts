import { expect } from 'vitest'
import type { ProtocolClient } from '../../src/testing/index.ts'
import type { TestServer } from './server.ts'

/** A well-behaved client that must notice nothing of what is done to the server. */
interface Bystander {
  readonly client: ProtocolClient
  /** Rejects unless the client gets one event, exactly once and unchanged, and an answer to its ping. */
  unharmed(): Promise<void>
}

/** Connects a bystander before the harm is done. */
export async function bystander(running: TestServer): Promise<Bystander> {
  const client = await running.connect()
  await client.join('bystanders')
  let published = 0
  const unharmed = async () => {
    const data = JSON.stringify({ published: ++published })
    expect(await running.publish('bystanders', 'still-here', data)).toBe(1)
    expect(await client.next()).toEqual({ event: 'still-here', channel: 'bystanders', data })
    await client.silence()
  }
  return { client, unharmed }
}

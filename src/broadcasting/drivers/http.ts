import { maxChannels } from '../../protocol/names.ts'
import { asObject, type JsonObject, memberOf } from '../../support/json.ts'
import { listed } from '../../support/listed.ts'
import type { Broadcaster, OutgoingEvent, Reach, Reached } from '../broadcaster.ts'
import { PayloadError } from '../errors.ts'
import { ApiClient } from '../http/api-client.ts'
import type { ApiTarget } from '../http/target.ts'

/** Events of one batch (protocol.md 0.4). */
const maxBatch = 10

/** Bytes of one batch, well below what servers take of a body; one event alone may have more. */
const maxBatchSize = 500_000

/** An entry of a batch, and the event that it stands for. */
interface Entry {
  readonly owner: number
  readonly channel: string
  readonly body: JsonObject
}

/** Sends to a server elsewhere over its HTTP API. Everything rejects with a {@link BroadcastError} when it fails. */
export class HttpBroadcaster implements Broadcaster {
  readonly #api: ApiClient

  constructor(target: ApiTarget) {
    this.#api = new ApiClient(target)
  }

  /** More channels than one request may name are sent to in several, one after the other. */
  async broadcast(event: OutgoingEvent): Promise<Reached> {
    this.#checkSize(event)
    const { channels } = event
    const reached = new Map<string, Reach>()
    for (let sent = 0; sent < channels.length; sent += maxChannels) {
      const part = channels.slice(sent, sent + maxChannels)
      const body = { ...this.#bodyOf(event), channels: part }
      const before = `it was sent to the first ${sent} of ${channels.length} channels`
      const answer = await this.#api.post(['events'], body, sent > 0 ? before : undefined)
      const counts = asObject(answer['channels'])
      for (const channel of part) reached.set(channel, reachOf(memberOf(counts, channel)))
    }
    return reached
  }

  /** An event on several channels takes several places of a batch; what one batch cannot hold goes into the next. */
  async broadcastBatch(events: readonly OutgoingEvent[]): Promise<readonly Reached[]> {
    for (const event of events) this.#checkSize(event)
    const entries = events.flatMap((event, owner) =>
      event.channels.map((channel): Entry => ({ owner, channel, body: { ...this.#bodyOf(event), channel } })),
    )
    const reached = events.map(() => new Map<string, Reach>())
    let sent = 0
    for (const batch of batchesOf(entries)) {
      const before = `${sent} of ${entries.length} entries of the batch were sent`
      const body = { batch: batch.map((entry) => entry.body) }
      const answer = await this.#api.post(['batch_events'], body, sent > 0 ? before : undefined)
      const counts: readonly unknown[] = Array.isArray(answer['batch']) ? answer['batch'] : []
      for (const [index, { owner, channel }] of batch.entries()) {
        reached[owner]?.set(channel, reachOf(counts[index]))
      }
      sent += batch.length
    }
    return reached
  }

  async disconnectUser(userId: string): Promise<void> {
    await this.#api.post(['users', userId, 'terminate_connections'], {})
  }

  /** An extension of our own server. */
  async unsubscribeUser(userId: string, channel: string): Promise<void> {
    await this.#api.post(['users', userId, 'unsubscribe'], { channel })
  }

  /** Resolves when what is under way has come to its end. */
  close(): Promise<void> {
    return this.#api.close()
  }

  #bodyOf({ event: name, data, socketId }: OutgoingEvent): JsonObject {
    const { info } = this.#api.target
    return {
      name,
      data,
      ...(socketId !== undefined && { socket_id: socketId }),
      ...(info !== undefined && { info }),
    }
  }

  #checkSize({ event, channels, data }: OutgoingEvent): void {
    const { maxEventSize = Number.POSITIVE_INFINITY } = this.#api.target
    const size = Buffer.byteLength(data)
    if (size <= maxEventSize) return
    const problem =
      `for ${listed(channels)} has ${size} bytes, and the server takes ${maxEventSize}; ` +
      'send less, such as an id in place of the whole'
    throw new PayloadError(event, '', problem)
  }
}

/** As many entries as a batch may have, by number and by bytes, in their order. */
function* batchesOf(entries: readonly Entry[]): Iterable<readonly Entry[]> {
  let batch: Entry[] = []
  let size = 0
  for (const entry of entries) {
    const entrySize = Buffer.byteLength(JSON.stringify(entry.body))
    if (batch.length === maxBatch || (batch.length > 0 && size + entrySize > maxBatchSize)) {
      yield batch
      batch = []
      size = 0
    }
    batch.push(entry)
    size += entrySize
  }
  if (batch.length > 0) yield batch
}

/** The counts that the server returned of a channel, each where it is one. */
function reachOf(given: unknown): Reach {
  const counts = asObject(given)
  const subscriptions = countOf(memberOf(counts, 'subscription_count'))
  const users = countOf(memberOf(counts, 'user_count'))
  return { ...(subscriptions !== undefined && { subscriptions }), ...(users !== undefined && { users }) }
}

function countOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined
}

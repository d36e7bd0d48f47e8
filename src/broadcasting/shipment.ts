import { seal } from '../protocol/encryption.ts'
import { kindOf, type SocketId } from '../protocol/names.ts'
import type { Broadcaster, OutgoingEvent, Reach, Reached } from './broadcaster.ts'
import { channelKey } from './channel-key.ts'
import { PartlySentError } from './errors.ts'
import type { BroadcastReceipt } from './receipt.ts'
import type { ResolvedEvent } from './resolve-event.ts'

/** How a shipment goes, and what seals it. */
export interface ShipmentOptions {
  readonly driver: string
  /** The socket that does not get it. */
  readonly socketId: SocketId | undefined
  /** Makes the keys of encrypted channels; Base64. */
  readonly masterKey: string | undefined
}

/** An event on its way: the parts that it is sent in, and what has become of them. */
export class Shipment {
  /** Its plain channels together, and each encrypted one by itself, since it has a key of its own. */
  readonly parts: readonly OutgoingEvent[]
  readonly #event: ResolvedEvent
  readonly #driver: string
  readonly #reached = new Map<string, Reach>()

  /** Seals what is to be sealed. Throws an EncryptionKeyError where there is no key. */
  constructor(event: ResolvedEvent, { driver, socketId, masterKey }: ShipmentOptions) {
    const plain = event.channels.filter((channel) => !isEncrypted(channel))
    const sealed = event.channels.filter(isEncrypted).map((channel) => {
      return {
        ...event,
        channels: [channel],
        data: seal(channelKey(channel, masterKey), event.data),
        socketId,
      }
    })
    this.parts = plain.length > 0 ? [{ ...event, channels: plain, socketId }, ...sealed] : sealed
    this.#event = event
    this.#driver = driver
  }

  /** What the channels that have been reached so far say; in the event's own order. */
  get receipt(): BroadcastReceipt {
    const { channels, event } = this.#event
    const reached = channels.filter((name) => this.#reached.has(name))
    return {
      driver: this.#driver,
      event,
      channels: reached.map((name) => ({ ...this.#reached.get(name), name })),
    }
  }

  /** Called when a part has been sent. */
  reach({ channels }: OutgoingEvent, reached: Reached): void {
    for (const name of channels) this.#reached.set(name, reached.get(name) ?? {})
  }
}

/**
 * Sends shipments in their order: several parts in one batch where the driver has batches, else one by one. The first
 * failure ends it, with the driver's own error when nothing had been sent, else with a {@link PartlySentError}.
 */
export async function sendAll(broadcaster: Broadcaster, shipments: readonly Shipment[]): Promise<void> {
  const steps = shipments.flatMap((shipment) => shipment.parts.map((part) => ({ shipment, part })))
  try {
    if (steps.length > 1 && broadcaster.broadcastBatch !== undefined) {
      const reached = await broadcaster.broadcastBatch(steps.map(({ part }) => part))
      for (const [index, { shipment, part }] of steps.entries())
        shipment.reach(part, toReached(reached?.[index]))
    } else {
      for (const { shipment, part } of steps)
        shipment.reach(part, toReached(await broadcaster.broadcast(part)))
    }
  } catch (cause) {
    const sent = shipments.map(({ receipt }) => receipt).filter(({ channels }) => channels.length > 0)
    throw sent.length === 0 ? cause : new PartlySentError(sent, cause)
  }
}

function isEncrypted(channel: string): boolean {
  return kindOf(channel).encrypted
}

/** A driver without types may answer with anything, such as the response of its request. */
function toReached(answer: unknown): Reached {
  return answer instanceof Map ? answer : new Map()
}

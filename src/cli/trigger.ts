import type { Reach } from '../broadcasting/broadcaster.ts'
import { resolveBroadcastingConfig } from '../broadcasting/config.ts'
import { HttpBroadcaster } from '../broadcasting/drivers/http.ts'
import { Shipment, sendAll } from '../broadcasting/shipment.ts'
import { type RemoteFlags, remoteTarget } from './remote.ts'

/** What `reverb trigger` is told. */
export interface Triggered {
  readonly channel: string
  readonly event: string
  /** JSON, sent as it is. */
  readonly data: string
}

/**
 * Sends one event to a running server, and returns a line that says how many are there. What goes to an encrypted channel
 * is sealed; rejects with an EncryptionKeyError without a master key in the environment.
 */
export async function trigger({ channel, event, data }: Triggered, flags: RemoteFlags): Promise<string> {
  const target = await remoteTarget(flags)
  const { encryptionMasterKey: masterKey } = resolveBroadcastingConfig({}, process.env)
  const resolved = { channels: [channel], event, data }
  const shipment = new Shipment(resolved, { driver: target.driver, socketId: undefined, masterKey })
  const broadcaster = new HttpBroadcaster(target)
  await sendAll(broadcaster, [shipment]).finally(() => broadcaster.close())
  return `Sent ${event} to ${channel}${countsOf(shipment.receipt.channels[0])}`
}

function countsOf({ subscriptions, users }: Reach = {}): string {
  const counts = [counted(subscriptions, 'subscription'), counted(users, 'user')].filter(Boolean)
  return counts.length === 0 ? '' : `: ${counts.join(', ')}`
}

function counted(count: number | undefined, noun: string): string {
  if (count === undefined) return ''
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

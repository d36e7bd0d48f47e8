import type { Reach } from '../broadcasting/broadcaster.ts'
import { HttpBroadcaster } from '../broadcasting/drivers/http.ts'
import { type RemoteFlags, remoteTarget } from './remote.ts'

/** What `reverb trigger` is told. */
export interface Triggered {
  readonly channel: string
  readonly event: string
  /** JSON, sent as it is. */
  readonly data: string
}

/** Sends one event to a running server, and returns a line that says how many are there. */
export async function trigger({ channel, event, data }: Triggered, flags: RemoteFlags): Promise<string> {
  const broadcaster = new HttpBroadcaster(await remoteTarget(flags))
  const reached = await broadcaster.broadcast({ channels: [channel], event, data, socketId: undefined })
  await broadcaster.close()
  return `Sent ${event} to ${channel}${countsOf(reached.get(channel))}`
}

function countsOf({ subscriptions, users }: Reach = {}): string {
  const counts = [counted(subscriptions, 'subscription'), counted(users, 'user')].filter(Boolean)
  return counts.length === 0 ? '' : `: ${counts.join(', ')}`
}

function counted(count: number | undefined, noun: string): string {
  if (count === undefined) return ''
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

// Hot path: deliver → outbox → socket.write; see docs/hot-path.md.

import type { Channel } from './channels/channel.ts'
import type { Connection } from './connection.ts'
import type { Frame } from './frame.ts'
import { narrowChannel, type Outbox } from './outbox.ts'

/**
 * Hands one frame to everyone in a channel but the excepted connection, in one step; returns how many that were. A frame
 * with a position above 0 is not handed to those who have got it out of the log already, and one that is not for `joining`
 * only to those who are live: the others will be answered with what it says.
 */
export function deliver(
  outbox: Outbox,
  channel: Channel,
  frame: Frame,
  except: Connection | undefined,
  position: number,
  joining: boolean,
): number {
  const first = channel.live.size <= narrowChannel
  const ahead = position > 0 ? channel.ahead : null
  let recipients = 0
  for (const connection of channel.live) {
    if (connection === except) continue
    if (ahead !== null && position <= (ahead.get(connection) ?? 0)) continue
    outbox.add(connection, frame, first)
    recipients++
  }
  if (joining && channel.joining.size > 0) recipients += hold(outbox, channel, frame, except, position)
  if (ahead !== null) channel.reached(position)
  return recipients
}

/** Whoever is still joining gets the frame right after the answer to its subscribe. */
function hold(
  outbox: Outbox,
  channel: Channel,
  frame: Frame,
  except: Connection | undefined,
  position: number,
): number {
  let recipients = 0
  for (const subscription of channel.joining) {
    const { connection } = subscription
    if (connection === except) continue
    subscription.hold(frame, position)
    recipients++
    if (connection.heldBytes > outbox.sendBuffer) connection.tooSlow()
  }
  return recipients
}

import type { ChannelName, SocketId } from '../../src/protocol/names.ts'
import type { Order, Relay, RelayListener } from '../../src/server/adapter.ts'
import type { App } from '../../src/server/apps/app.ts'
import type { Frame } from '../../src/server/frame.ts'
import type { Awaitable } from '../../src/support/awaitable.ts'

/** A frame as the other nodes get it. */
interface Sent {
  readonly appId: string
  readonly channel: string
  readonly frame: Frame
  readonly except: SocketId | undefined
}

/** A relay whose other nodes the test plays: it keeps what they are handed, and answers as the test says. */
export class FakeRelay implements Relay {
  readonly alone = false
  /** Whether the other nodes can be reached. */
  reached: Awaitable<boolean> = true
  /** When events of a channel arrive that is followed from now on. */
  following: Awaitable<void> = undefined
  readonly sent: Sent[] = []
  readonly orders: Order[] = []
  /** Each `follow` and `unfollow`, in words. */
  readonly followed: string[] = []
  #listener: RelayListener | undefined

  listen(listener: RelayListener): void {
    this.#listener = listener
  }

  follow({ id }: App, channel: ChannelName): Awaitable<void> {
    this.followed.push(`follow ${id} ${channel}`)
    return this.following
  }

  unfollow({ id }: App, channel: ChannelName): void {
    this.followed.push(`unfollow ${id} ${channel}`)
  }

  send({ id }: App, channel: ChannelName, frame: Frame, except: SocketId | undefined): Awaitable<boolean> {
    this.sent.push({ appId: id, channel, frame, except })
    return this.reached
  }

  order(order: Order): Awaitable<boolean> {
    this.orders.push(order)
    return this.reached
  }

  /** What another node does to this one. */
  get others(): RelayListener {
    if (this.#listener === undefined) throw new Error('Nobody listens to this relay')
    return this.#listener
  }
}

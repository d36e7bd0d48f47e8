import PusherJs, { type Channel, type Options } from 'pusher-js'

/** Options of pusher-js. */
export type PusherOptions = Options

/** The part of pusher-js that the client uses; the class of `pusher-js/with-encryption` fits as well. */
export interface Pusher {
  /** Its state and its id, and `bind`, which tells of changes and errors. */
  readonly connection: {
    readonly state: string
    readonly socket_id: string
    bind(event: 'state_change' | 'error', callback: (data: unknown) => void): unknown
  }
  /** Makes the channel, or finds it; the server is told nothing. */
  readonly channels: { add(channel: string, pusher: Pusher): PusherChannel }
  /** Joins a channel, as soon as there is a connection. */
  subscribe(channel: string): unknown
  /** Leaves it. */
  unsubscribe(channel: string): void
  /** Connects, also after the end. */
  connect(): void
  /** Ends the connection; no other is made until `connect`. */
  disconnect(): void
}

/** The part of a channel of pusher-js that the client uses; presence channels alone have `members`. */
export interface PusherChannel {
  /** It was asked for, and not answered. */
  subscriptionPending: boolean
  /** Gets the signature of a subscription, by whatever way the options say. */
  authorize?(socketId: string, callback: (error: Error | null, data: object | null) => void): unknown
  /** Its events arrive. */
  readonly subscribed: boolean
  /** Who is there, this page among them. */
  readonly members?: {
    readonly myID: unknown
    each(callback: (member: { id: string; info: unknown }) => void): void
  }
  /** Calls back with each event of this name, until it is unbound. */
  bind(event: string, callback: (data: unknown, metadata?: { user_id?: string }) => void): unknown
  /** Calls back with every event, until everything is unbound. */
  bind_global(callback: (event: string, data: unknown) => void): unknown
  /** Ends one `bind`. */
  unbind(event: string, callback: (data: unknown) => void): unknown
  /** Ends every `bind` and `bind_global`. */
  unbind_all(): unknown
  /** Sends a client event; false when it could not be sent. */
  trigger(event: string, data: unknown): boolean
}

/** Makes a connection that begins to connect by itself. */
export type CreatePusher = (key: string, options: PusherOptions) => Pusher

// The types of pusher-js call the default import a namespace; at run time it is the class.
const PusherClass = PusherJs as unknown as {
  new (key: string, options: PusherOptions): Channel['pusher']
  /** Those that connect as soon as the page is ready. */
  readonly instances: Channel['pusher'][]
}

/** Makes a connection with pusher-js, which forgets it when it has ended; it can still be taken up again. */
export const createPusher: CreatePusher = (key, options) => {
  const pusher = new PusherClass(key, options)
  pusher.connection.bind('disconnected', () => {
    const index = PusherClass.instances.indexOf(pusher)
    if (index >= 0) PusherClass.instances.splice(index, 1)
  })
  return pusher
}

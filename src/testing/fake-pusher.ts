import type { Pusher, PusherChannel, PusherOptions } from '../client/index.ts'

type Callback = (data: unknown, metadata?: { user_id?: string }) => void

/** Calls what is bound in the order of pusher-js: first what hears everything, then what hears the event. */
class Emitter {
  #global: ((event: string, data: unknown) => void)[] = []
  #bound: { event: string; callback: Callback }[] = []

  bind(event: string, callback: Callback): void {
    this.#bound.push({ event, callback })
  }

  bind_global(callback: (event: string, data: unknown) => void): void {
    this.#global.push(callback)
  }

  unbind(event: string, callback: Callback): void {
    this.#bound = this.#bound.filter((bound) => bound.event !== event || bound.callback !== callback)
  }

  unbind_all(): void {
    this.#global = []
    this.#bound = []
  }

  emit(event: string, data?: unknown, userId?: string): void {
    const metadata = userId === undefined ? {} : { user_id: userId }
    for (const callback of this.#global) callback(event, data)
    for (const bound of this.#bound) if (bound.event === event) bound.callback(data, metadata)
  }
}

type FakeChannel = ReturnType<typeof createChannel>

function createChannel(sent: string[]) {
  const roster = new Map<string, unknown>()
  const members = {
    // It is known when the server has answered.
    myID: undefined as string | undefined,
    each: (callback: (member: { id: string; info: unknown }) => void) => {
      for (const [id, info] of roster) callback({ id, info })
    },
  }
  const trigger = (event: string, data: unknown) => {
    sent.push(`${event} ${JSON.stringify(data)}`)
    return true
  }
  const state = { subscriptionPending: false, subscribed: false }
  return Object.assign(new Emitter(), state, { roster, members, trigger }) satisfies PusherChannel
}

/**
 * Stands in for pusher-js in tests of a page: give `createPusher: (key, options) => new FakePusher(key, options)` to a
 * `BroadcastingClient`, then say what the server does. Nothing happens by itself and nothing is connected.
 */
export class FakePusher implements Pusher {
  /** The key that it was made with. */
  readonly key: string
  /** The options that it was made with. */
  readonly options: PusherOptions
  /** What the server has received, in order: `subscribe orders`, `unsubscribe orders`, `client-typing {"on":true}`. */
  readonly sent: string[] = []
  /** Its state and id, as the test has said. */
  readonly connection = Object.assign(new Emitter(), { state: 'connecting', socket_id: '' })
  readonly #channels = new Map<string, FakeChannel>()
  /** Makes the channel, or finds it; the server receives nothing. */
  readonly channels = { add: (name: string) => this.#add(name) }

  constructor(key: string, options: PusherOptions) {
    this.key = key
    this.options = options
  }

  /** The server greets the connection; every channel is subscribed, again. */
  open(socketId = '1.1'): void {
    this.connection.socket_id = socketId
    this.#become('connected')
    for (const name of this.#channels.keys()) this.subscribe(name)
  }

  /** The connection breaks and is tried again. */
  lose(): void {
    this.#become('connecting')
  }

  /** The server says `pusher:error` and, with a code from 4001 to 4099, ends the connection for good. */
  error(code: number | null, message: string): void {
    const emitted = { type: 'PusherError', data: { code, message } }
    this.connection.emit('error', emitted)
    if (code === null || code >= 4100) return
    this.connection.emit('error', { type: 'WebSocketError', error: emitted })
    this.disconnect()
  }

  /** The server answers a subscription: yes; on presence channels with who is there and who this page is. */
  accept(name: string, members: Record<string, unknown> = {}, me?: string): void {
    const channel = this.#find(name)
    channel.subscriptionPending = false
    channel.subscribed = true
    channel.roster.clear()
    for (const [id, info] of Object.entries(members)) channel.roster.set(id, info)
    channel.members.myID = me
    channel.emit('pusher:subscription_succeeded', {})
  }

  /** The server answers a subscription: no. Like pusher-js, leaves it pending. */
  refuse(name: string, error: string, status: number): void {
    this.#find(name).emit('pusher:subscription_error', { type: 'AuthError', error, status })
  }

  /** An event arrives; `userId` is the member who sent it, on presence channels. */
  receive(name: string, event: string, data?: unknown, userId?: string): void {
    this.#find(name).emit(event, data, userId)
  }

  /** Somebody joins a presence channel. */
  join(name: string, id: string, info: unknown): void {
    this.#find(name).roster.set(id, info)
    this.receive(name, 'pusher:member_added', { id, info })
  }

  /** Somebody leaves a presence channel. */
  leave(name: string, id: string): void {
    this.#find(name).roster.delete(id)
    this.receive(name, 'pusher:member_removed', { id })
  }

  /** The page connects: `open` is what follows. */
  connect(): void {
    this.#become('connecting')
  }

  /** The page ends the connection. */
  disconnect(): void {
    this.#become('disconnected')
  }

  /** The page joins a channel: received at once when connected, else by `open`. */
  subscribe(name: string): void {
    const channel = this.#add(name)
    if (this.connection.state !== 'connected' || channel.subscriptionPending || channel.subscribed) return
    channel.subscriptionPending = true
    this.sent.push(`subscribe ${name}`)
  }

  /** The page leaves a channel. */
  unsubscribe(name: string): void {
    if (this.#channels.get(name)?.subscribed) this.sent.push(`unsubscribe ${name}`)
    this.#channels.delete(name)
  }

  #add(name: string): FakeChannel {
    const channel = this.#channels.get(name) ?? createChannel(this.sent)
    this.#channels.set(name, channel)
    return channel
  }

  #find(name: string): FakeChannel {
    const channel = this.#channels.get(name)
    if (!channel) throw new Error(`Nobody is subscribed to ${name}`)
    return channel
  }

  #become(state: string): void {
    const changed = this.connection.state !== state
    this.connection.state = state
    if (state !== 'connected') {
      for (const channel of this.#channels.values()) {
        channel.subscribed = false
        channel.subscriptionPending = false
      }
    }
    if (changed) this.connection.emit('state_change', { current: state })
  }
}

import type { SocketId } from '../../src/protocol/names.ts'
import type { Connection } from '../../src/server/connection.ts'
import type { Socket } from '../../src/server/transport.ts'
import { payloadAt } from '../../src/testing/fake-socket.ts'
import { parseServerMessage, payloadOf, type ServerMessage } from '../../src/testing/server-message.ts'
import type { SimNode } from './sim-node.ts'
import type { View } from './view.ts'

/** Who judges what a client hears. */
export interface Judge {
  /** Whether users come anew, as each connection says something else of its user. */
  readonly anew: boolean
  violation(oracle: string, what: string): void
  note(line: () => string): void
  /** A session hears that a user has left a channel. */
  left(session: Session, user: string, channel: string): void
  /** Of a channel of the session's user. */
  touched(session: Session, channel: string): void
  /** As which one of its channel the store has taken the event, if it has. */
  positionOf(data: string): number | undefined
}

/** One connection of a client, with what it has heard; checks everything that it hears. */
export class Session implements Socket {
  open = true
  readonly queued = 0
  readonly name: string
  readonly node: SimNode
  readonly user: string
  readonly socketId: SocketId
  connection: Connection | undefined
  /** The client has gone, and hears nothing any more. */
  gone = false
  signedIn = false
  askedToSignIn = false
  /** Who of the watchlist is online, once it was told. */
  watched: Map<string, boolean> | undefined
  readonly views = new Map<string, View>()
  /** Channels that were left in this turn, or wait for a sign-in to be left: what was on its way may still come. */
  readonly leaving: string[] = []
  readonly #judge: Judge
  readonly #afterSignIn: (() => void)[] = []
  readonly #heard = new Set<string>()

  constructor(judge: Judge, node: SimNode, socketId: SocketId, client: number, user: string) {
    this.#judge = judge
    this.node = node
    this.socketId = socketId
    this.user = user
    this.name = `client ${client} (${user}, ${socketId} on node ${node.index})`
  }

  /** Whether the client is there, and its node too. */
  get alive(): boolean {
    return this.open && !this.gone && !this.node.dead && this.connection !== undefined
  }

  /** Calls it when no sign-in is under way, for which what is said of channels may wait. */
  afterSignIn(then: () => void): void {
    if (this.askedToSignIn && !this.signedIn) this.#afterSignIn.push(then)
    else then()
  }

  write(bytes: Buffer): void {
    if (this.gone) return
    for (let start = 0; start < bytes.length; ) {
      const [payload, size] = payloadAt(bytes, start)
      const message = parseServerMessage(bytes.toString('utf8', payload, payload + size))
      start = payload + size
      if (message !== undefined) this.#hear(message)
    }
  }

  close(): void {
    this.open = false
    for (const channel of this.views.keys()) this.#judge.touched(this, channel)
    this.views.clear()
  }

  terminate(): void {
    this.close()
  }

  hasHeard(data: string): boolean {
    return this.#heard.has(data)
  }

  #hear(message: ServerMessage): void {
    const { event, channel } = message
    this.#judge.note(() => `  ${this.name} hears ${event} ${channel ?? ''} ${String(message.data ?? '')}`)
    if (channel !== undefined) this.#hearOf(channel, message)
    else if (event === 'pusher:signin_success') this.#signIn()
    else if (event === 'pusher_internal:watchlist_events') this.#watch(message)
  }

  #signIn(): void {
    this.signedIn = true
    for (const then of this.#afterSignIn.splice(0)) then()
  }

  #hearOf(channel: string, message: ServerMessage): void {
    const { event } = message
    const view = this.views.get(channel)
    if (event === 'pusher:subscription_error') this.#refuse(view)
    else if (event === 'pusher_internal:subscription_succeeded') this.#begin(channel, view, message)
    else if (event === 'pusher:error') return
    else if (view?.live) this.#follow(channel, view, message)
    else if (!this.leaving.includes(channel)) {
      const state = view === undefined ? 'is not subscribed to' : 'has not been let into'
      this.#judge.violation('stranger', `${this.name} hears ${event} of ${channel}, which it ${state}`)
    }
  }

  #refuse(view: View | undefined): void {
    if (view !== undefined) view.refused = !view.live
  }

  #begin(channel: string, view: View | undefined, message: ServerMessage): void {
    if (view === undefined) {
      if (this.leaving.includes(channel)) return
      this.#judge.violation('stranger', `${this.name} is let into ${channel} without having asked`)
      return
    }
    if (!channel.startsWith('presence-')) view.begin({}, performance.now())
    else {
      // The decode boundary: the roster of protocol.md 2.5.
      const { presence } = payloadOf(message) as {
        presence: { ids: string[]; count: number; hash: Record<string, object> }
      }
      const { ids, count, hash } = presence
      const infos = Object.entries(hash).map(([id, info]) => [id, JSON.stringify(info)])
      view.begin(Object.fromEntries(infos), performance.now())
      if (!ids.includes(this.user) || new Set(ids).size !== ids.length || count !== ids.length) {
        this.#judge.violation('roster', `${this.name} gets the roster ${ids.join()} of ${channel}`)
      }
    }
  }

  #follow(channel: string, view: View, { event, data }: ServerMessage): void {
    if (event === 'pusher_internal:member_added' || event === 'pusher_internal:member_removed') {
      // The decode boundary: the notices of protocol.md 2.6.
      const { user_id: id, user_info } = payloadOf({ event, data }) as { user_id: string; user_info?: object }
      if (!view.change(id, event.endsWith('added') ? JSON.stringify(user_info) : undefined)) {
        this.#judge.violation(
          'alternation',
          `${this.name} hears ${event} ${id} of ${channel}, and knows ${view.known}`,
        )
      }
      if (event.endsWith('removed')) this.#judge.left(this, id, channel)
      if (id === this.user && event.endsWith('removed') && !this.#judge.anew) {
        this.#judge.violation('self', `${this.name} hears that its own user has left ${channel}`)
      }
    } else if (event === 'pusher_internal:subscription_count') {
      view.count = (payloadOf({ event, data }) as { subscription_count: number }).subscription_count
    } else if (!event.startsWith('pusher')) this.#receive(channel, view, String(data))
  }

  #receive(channel: string, view: View, data: string): void {
    const cached = channel.includes('cache-')
    const seen = cached ? view.seen : this.#heard
    if (seen.has(data)) this.#judge.violation('twice', `${this.name} hears ${data} on ${channel} twice`)
    seen.add(data)
    this.#heard.add(data)
    const { by, number } = JSON.parse(data) as { by: string; number: number }
    const position = cached ? this.#judge.positionOf(data) : number
    const series = cached ? 'the log' : by
    if (position !== undefined && !view.isNext(series, position)) {
      this.#judge.violation(
        'order',
        `${this.name} hears ${data} on ${channel} after a later one of ${series}`,
      )
    }
  }

  #watch(message: ServerMessage): void {
    const { events } = payloadOf(message) as { events: { name: string; user_ids: string[] }[] }
    const isFirst = this.watched === undefined
    this.watched ??= new Map()
    for (const { name, user_ids } of events) {
      for (const id of user_ids) {
        if (!isFirst && this.watched.get(id) === (name === 'online')) {
          this.#judge.violation('watchlist', `${this.name} hears twice that ${id} is ${name}`)
        }
        this.watched.set(id, name === 'online')
      }
    }
  }
}

import type { Awaitable } from '../../support/awaitable.ts'
import type { Broadcaster, OutgoingEvent } from '../broadcaster.ts'

/** An event on its way to the server of this process. */
interface LocalEvent {
  /** @default the first app */
  readonly appKey?: string
  readonly channels: readonly string[]
  readonly event: string
  readonly data: string
  readonly socketId?: string
}

/** A server in this process: publishes to its subscribers and says how many there were, by channel. */
export interface LocalServer {
  publish(event: LocalEvent): Awaitable<ReadonlyMap<string, number>>
}

/** Driver `reverb`, in process. */
export class ReverbBroadcaster implements Broadcaster {
  readonly #server: LocalServer
  readonly #app: { readonly appKey?: string }

  constructor(server: LocalServer, appKey: string | undefined) {
    this.#server = server
    this.#app = appKey === undefined ? {} : { appKey }
  }

  broadcast({ channels, event, data, socketId }: OutgoingEvent): Awaitable<ReadonlyMap<string, number>> {
    const except = socketId === undefined ? {} : { socketId }
    return this.#server.publish({ ...this.#app, channels, event, data, ...except })
  }
}

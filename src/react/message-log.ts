import type { BroadcastingClient, BroadcastMessage } from '../client/index.ts'

const none: never[] = []

/** The last messages of a channel, as a store that React can subscribe to; it hears only while it is subscribed to. */
export class MessageLog<Data> {
  readonly #client: BroadcastingClient
  readonly #channel: string
  readonly #limit: number
  #messages: BroadcastMessage<Data>[] = none

  constructor(client: BroadcastingClient, channel: string, limit: number) {
    this.#client = client
    this.#channel = channel
    this.#limit = limit
  }

  /** What a server renders: nothing has arrived. */
  static none = (): never[] => none

  readonly messages = (): BroadcastMessage<Data>[] => this.#messages

  readonly subscribe = (changed: () => void): (() => void) =>
    this.#client.subscribe(this.#channel, {
      onMessage: (message) => {
        // What the channel carries is known to who publishes it; nothing here can check it.
        const messages = [...this.#messages, message as BroadcastMessage<Data>]
        this.#messages = messages.slice(Math.max(0, messages.length - this.#limit))
        changed()
      },
    })
}

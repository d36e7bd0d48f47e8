/** A message as NATS brings it. */
export interface NatsMessage {
  /** Where it was published. */
  readonly subject: string
  /** Its bytes. */
  readonly data: Uint8Array
  /** By their names; undefined without any. */
  readonly headers?: { get(name: string): string } | undefined
}

/** The part of a NATS connection that is used here; one made by `@nats-io/transport-node` fits. */
export interface NatsConnection {
  /** What the server says of itself. */
  readonly info?: { readonly max_payload: number; readonly server_id: string } | undefined
  /** Publishes to whoever is subscribed; throws when the connection is closed. */
  publish(subject: string, payload: Uint8Array): void
  /** Calls back with each message of a subject. */
  subscribe(
    subject: string,
    options: { callback: (error: Error | null, message: NatsMessage) => void },
  ): NatsSubscription
  /** Resolves when the server has what was published before. */
  flush(): Promise<void>
  /** Tells of losses and of returns. */
  status(): AsyncIterable<{ readonly type: string }>
  /** Resolves when the connection has ended for good. */
  closed(): Promise<unknown>
  /** Ends it for good. */
  close(): Promise<void>
  /** Drops the connection to the server and makes another. */
  reconnect(): Promise<void>
}

/** What was subscribed to. */
export interface NatsSubscription {
  /** Ends it: nothing is called back any more. */
  unsubscribe(): void
}

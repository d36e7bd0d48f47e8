/** A message as NATS brings it. */
export interface NatsMessage {
  readonly subject: string
  readonly data: Uint8Array
  readonly headers?: { get(name: string): string } | undefined
}

/** The part of a NATS connection that is used here; one made by `@nats-io/transport-node` fits. */
export interface NatsConnection {
  /** What the server says of itself. */
  readonly info?: { readonly max_payload: number } | undefined
  publish(subject: string, payload: Uint8Array): void
  subscribe(
    subject: string,
    options: { callback: (error: Error | null, message: NatsMessage) => void },
  ): NatsSubscription
  flush(): Promise<void>
  status(): AsyncIterable<{ readonly type: string }>
  closed(): Promise<unknown>
  close(): Promise<void>
  reconnect(): Promise<void>
}

/** What was subscribed to. */
export interface NatsSubscription {
  unsubscribe(): void
}

/**
 * Payloads by event name, for the types of listeners; an application adds its own:
 * `declare module '@startkit/broadcasting/client' { interface BroadcastEvents { OrderShipped: { order_id: number } } }`
 */
// biome-ignore lint/suspicious/noEmptyInterface: applications extend it by declaration merging.
export interface BroadcastEvents {}

/** The payload of an event: what {@link BroadcastEvents} says, else `Payload`. */
export type PayloadOf<Event extends string, Payload> = Event extends keyof BroadcastEvents
  ? BroadcastEvents[Event]
  : Payload

/** An event as it arrived. */
export interface BroadcastMessage<Data = unknown> {
  /** Name of the event on the wire. */
  event: string
  /** Its payload. */
  data: Data
  /** Milliseconds since 1970, by the clock of this page. */
  receivedAt: number
}

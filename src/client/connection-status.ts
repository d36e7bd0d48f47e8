import { ConnectionError } from './errors.ts'

/**
 * The state of the page's connection, as pusher-js names it. `initialized`: nothing has asked for a connection yet;
 * `unavailable`: it is retried; `failed`: the browser has no WebSocket; `disconnected`: nothing is subscribed, or,
 * with an `error`, the server has refused for good.
 */
export type ConnectionStatus =
  | {
      /** The server has greeted the connection. */
      readonly state: 'connected'
      /** Id of the connection: another one after each reconnect. */
      readonly socketId: string
    }
  | {
      /** There is no connection, and none is tried. */
      readonly state: 'disconnected'
      /** Why the server refuses; undefined when nothing is subscribed. */
      readonly error: ConnectionError | undefined
    }
  | {
      /** There is no connection yet, or none at the moment. */
      readonly state: 'initialized' | 'connecting' | 'unavailable' | 'failed'
    }

/** The status before anything has asked for a connection. */
export const initialStatus: ConnectionStatus = { state: 'initialized' }

/** The status for a state of pusher-js; `refusal` is the last word of the server, if it was one. */
export function statusOf(
  state: string,
  socketId: string,
  refusal: ConnectionError | undefined,
): ConnectionStatus {
  switch (state) {
    case 'connected':
      return { state, socketId }
    case 'disconnected':
      return { state, error: refusal }
    case 'connecting':
    case 'unavailable':
    case 'failed':
      return { state }
    default:
      return initialStatus
  }
}

/** The `pusher:error` inside what pusher-js emits as `error`, or `undefined` when it is about the network. */
export function connectionErrorOf(emitted: unknown): ConnectionError | undefined {
  // pusher-js gives { data: { code, message } }, and wraps it in { error } when a close follows.
  const { error, data = error?.data } = Object(emitted) as Partial<Emitted> & { error?: Partial<Emitted> }
  return typeof data?.message === 'string' ? new ConnectionError(data.code ?? null, data.message) : undefined
}

interface Emitted {
  data: { code?: number | null; message?: unknown }
}

/** Whether pusher-js gives up after this error, instead of reconnecting or going on (protocol.md 1.8). */
export function isFinal({ pusherCode }: ConnectionError): boolean {
  return pusherCode !== null && pusherCode > 4000 && pusherCode < 4100
}

/** Whether the connection goes on after this error, so that something this page sent was refused (protocol.md 1.9). */
export function isAboutMessage({ pusherCode }: ConnectionError): boolean {
  return pusherCode === null || pusherCode >= 4300
}

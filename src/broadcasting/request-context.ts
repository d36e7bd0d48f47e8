import { AsyncLocalStorage } from 'node:async_hooks'
import { parseSocketId, type SocketId } from '../protocol/names.ts'

/** Anything with headers: a request of Node, of a framework, or of `fetch`. */
export interface RequestLike {
  /** By their names, in any case, or behind a `get` as `fetch` has them. */
  readonly headers: Readonly<Record<string, unknown>> | { get(name: string): string | null }
}

const storage = new AsyncLocalStorage<SocketId | undefined>()

/** Runs a function, and all it calls and awaits, as part of a request: `toOthers()` then knows whom to except. */
export function runInRequest<T>(request: RequestLike, run: () => T): T {
  return storage.run(socketIdOf(request), run)
}

/** The socket id of the current request, where there is one. */
export function currentSocketId(): SocketId | undefined {
  return storage.getStore()
}

/** The `X-Socket-ID` of a request, in any case, or `undefined` when it is missing or malformed. */
export function socketIdOf({ headers }: RequestLike): SocketId | undefined {
  const value = typeof headers.get === 'function' ? headers.get('x-socket-id') : headerOf(headers)
  return typeof value === 'string' ? parseSocketId(value) : undefined
}

function headerOf(headers: object): unknown {
  return Object.entries(headers).find(([name]) => name.toLowerCase() === 'x-socket-id')?.[1]
}

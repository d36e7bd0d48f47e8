import type { Awaitable } from '../../support/awaitable.ts'
import type { AppOptions } from './app-options.ts'

/**
 * Finds apps that are not in the configuration, in a database say; given as the option `appManager`. What it returns is
 * checked, completed with the settings of the server and remembered for a minute; that there is no such app, for five
 * seconds. It is asked at a first connection and at a first API request, never while an event is delivered, and once for
 * everybody who asks at the same time. When it throws, rejects or takes longer than five seconds, those who asked are told
 * to come back later.
 */
export interface AppManager {
  /** The app with exactly this key, which may be any text that a stranger sends; undefined when there is none. */
  findByKey(key: string): Awaitable<AppOptions | null | undefined>
  /** The app with exactly this id; undefined when there is none. Also asked again about apps that have connections. */
  findById(id: string): Awaitable<AppOptions | null | undefined>
}

import type { App } from './app.ts'

/** Finds apps. Asked at every upgrade and every API request, never while an event is delivered. */
export interface AppManager {
  findByKey(key: string): App | undefined
  findById(id: string): App | undefined
}

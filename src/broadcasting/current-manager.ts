import { currentApplication } from '../foundation/application.ts'
import { BroadcastManager } from './broadcast-manager.ts'

let standalone: BroadcastManager | undefined

/** The manager of the current application; without one, a manager made from the environment alone. */
export function currentManager(): BroadcastManager {
  const app = currentApplication()
  if (app?.has('broadcasting')) return app.make('broadcasting')
  standalone ??= new BroadcastManager()
  return standalone
}

/** Gives a new manager the rules and drivers that were registered while there was no application. */
export function adoptEarlier(manager: BroadcastManager): void {
  if (standalone !== undefined) manager.adopt(standalone)
}

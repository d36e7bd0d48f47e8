import { AsyncLocalStorage } from 'node:async_hooks'
import { currentApplications } from '../foundation/application.ts'
import { BroadcastManager } from './broadcast-manager.ts'
import { Registrations } from './registrations.ts'

/** What is registered while no application is there to take it: for every later one. */
const early = new Registrations()

/** Where the registrations of a run of {@link collect} go while it lasts. */
const collecting = new AsyncLocalStorage<{ into: Registrations | undefined }>()

let latest: BroadcastManager | undefined
let standalone: BroadcastManager | undefined

/**
 * The manager of the current application; without one, a manager made from the environment alone. Where there has been
 * an application it is never that one, but the manager that was closed with the application and sends nothing.
 */
export function currentManager(): BroadcastManager {
  return managerOfApplication() ?? latest ?? standaloneManager()
}

/** Takes a rule or driver: for the current application, or where there is none for every later one. */
export function register(registration: (target: Pick<Registrations, 'channel' | 'extend'>) => void): void {
  const target = collecting.getStore()?.into ?? managerOfApplication()
  registration(target ?? early)
  if (target === undefined && standalone !== undefined) registration(standalone)
}

/** Gives the manager of a new application what was registered while there was none. */
export function adoptEarlier(manager: BroadcastManager): void {
  latest = manager
  manager.adopt(early)
}

/** What a function registers until it resolves, with no application. */
export async function collect(run: () => Promise<unknown>): Promise<Registrations> {
  const into = new Registrations()
  const scope: { into: Registrations | undefined } = { into }
  try {
    await collecting.run(scope, run)
    return into
  } finally {
    scope.into = undefined
  }
}

function managerOfApplication(): BroadcastManager | undefined {
  return currentApplications()
    .find((app) => app.has('broadcasting'))
    ?.make('broadcasting')
}

function standaloneManager(): BroadcastManager {
  if (standalone === undefined) {
    standalone = new BroadcastManager()
    standalone.adopt(early)
  }
  return standalone
}

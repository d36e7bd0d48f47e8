import type { Broker, EventStore, Ledger, Roads } from './broker.ts'

/** All that can be asked of a broker, by name. */
export interface Calls extends Roads, Ledger, EventStore {}

/** The same, answered at once. */
export type LocalCalls = {
  readonly [Name in keyof Calls]: (...said: Parameters<Calls[Name]>) => Awaited<ReturnType<Calls[Name]>>
}

/** Asks somebody else, who answers as the call says. */
export type Ask = <Name extends keyof Calls>(
  name: Name,
  said: Parameters<Calls[Name]>,
) => Promise<Awaited<ReturnType<Calls[Name]>>>

/** The parts of a broker whose every call is put to somebody else. */
export function partsOver(ask: Ask): Pick<Broker, 'roads' | 'ledger' | 'store'> {
  return {
    roads: {
      subscribe: (...said) => ask('subscribe', said),
      unsubscribe: (...said) => ask('unsubscribe', said),
      send: (...said) => ask('send', said),
    },
    ledger: {
      renew: (...said) => ask('renew', said),
      hold: (...said) => ask('hold', said),
      watch: (...said) => ask('watch', said),
      unwatch: (...said) => ask('unwatch', said),
      state: (...said) => ask('state', said),
      occupied: (...said) => ask('occupied', said),
      connect: (...said) => ask('connect', said),
      connections: (...said) => ask('connections', said),
      sign: (...said) => ask('sign', said),
      online: (...said) => ask('online', said),
      reap: (...said) => ask('reap', said),
      settle: (...said) => ask('settle', said),
      forget: (...said) => ask('forget', said),
    },
    store: {
      keep: (...said) => ask('keep', said),
      last: (...said) => ask('last', said),
    },
  }
}

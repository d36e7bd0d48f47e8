// Compiled by `npm run types`, never run: what the types of sending and authorizing allow and refuse.
import {
  AuthEndpoint,
  Broadcast,
  BroadcastEvent,
  type Broadcaster,
  type BroadcastingConfig,
  BroadcastManager,
  type BroadcastReceipt,
  EncryptedPrivateChannel,
  type PartlySentError,
  type PendingBatch,
  type PendingBroadcast,
  type Reached,
  type ReceiptChannel,
} from '../../src/index.ts'
import { ReverbServer } from '../../src/server/index.ts'
import { silentLogger } from '../../src/support/logger.ts'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <A, B>(_equal: Equal<A, B>) => {}

class Paid extends BroadcastEvent {
  broadcastOn() {
    return [new EncryptedPrivateChannel('orders.1'), 'private-cache-orders']
  }
}

// One event gives one receipt, a batch gives one for each.
const one = Broadcast.user(7).as('Paid').with({ id: 42 }).send()
same<typeof one, PendingBroadcast>(true)
same<Awaited<typeof one>, BroadcastReceipt>(true)
const batch = Broadcast.batch([new Paid(), Broadcast.on('a')])
  .toOthers()
  .via('reverb')
same<typeof batch, PendingBatch>(true)
same<Awaited<typeof batch>, readonly BroadcastReceipt[]>(true)
same<ReceiptChannel['recipients' | 'subscriptions' | 'users'], number | undefined>(true)
same<PartlySentError['sent'], readonly BroadcastReceipt[]>(true)
// @ts-expect-error one event is no batch
Broadcast.batch(new Paid())

// Users are meant by their id.
same<Awaited<ReturnType<typeof Broadcast.disconnectUser>>, void>(true)
Broadcast.disconnectUser('7', { via: 'reverb' })
Broadcast.unsubscribeUser(7, new EncryptedPrivateChannel('orders.1'))
Broadcast.unsubscribeUser('7', 'private-orders.1', { via: 'reverb' })
// @ts-expect-error a user instead of an id
Broadcast.disconnectUser({ id: 7 })
// @ts-expect-error no channel
Broadcast.unsubscribeUser(7)
// @ts-expect-error an option that does not exist
Broadcast.disconnectUser(7, { over: 'reverb' })

// A driver needs nothing but broadcast(), and may say nothing.
Broadcast.extend('pigeon', () => ({ broadcast: () => {} }))
Broadcast.extend('pigeon', () => ({ broadcast: async () => new Map([['a', { recipients: 1, users: 2 }]]) }))
// @ts-expect-error numbers instead of what is known of a channel
Broadcast.extend('pigeon', () => ({ broadcast: () => new Map([['a', 1]]) }))
export class Pigeon implements Broadcaster {
  broadcast(): void {}
  broadcastBatch(): readonly Reached[] {
    return []
  }
  disconnectUser(): void {}
  async unsubscribeUser(): Promise<void> {}
}

// Keys may stand in code, for all connections or for one.
export const config = {
  encryptionMasterKey: 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=',
  connections: { bank: { driver: 'reverb', app: 'bank', encryptionMasterKey: 'x' } },
  user: () => ({ id: 7, watchlist: [8, '9'] }),
} satisfies BroadcastingConfig
// @ts-expect-error bytes instead of Base64
export const bytes = { encryptionMasterKey: new Uint8Array(32) } satisfies BroadcastingConfig
// @ts-expect-error users instead of their ids
export const users = { user: () => ({ id: 7, watchlist: [{ id: 8 }] }) } satisfies BroadcastingConfig

// By hand: a server, a manager and an endpoint fit together; credentials may come from a database.
const server = new ReverbServer({})
const manager = new BroadcastManager({ driver: 'reverb' }, { server })
const parts = { authorizer: manager.authorizer, logger: silentLogger }
new AuthEndpoint({
  ...parts,
  credentials: (key) => server.credentials(key),
  sharedSecret: (channel, key) => manager.sharedSecret(channel, key),
})
new AuthEndpoint({ ...parts, credentials: async () => ({ key: 'local', secret: 'secret' }) })
// @ts-expect-error a server that cannot withdraw anything
new BroadcastManager({}, { server: { publish: () => new Map() } })

/** Whatever takes a promise takes a broadcast. */
const retry = (run: () => Promise<unknown>) => run()
retry(() => Broadcast.event(new Paid()))
retry(() => Broadcast.batch([new Paid()]))
retry(() => Broadcast.disconnectUser(7))

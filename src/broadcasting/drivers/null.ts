import type { Broadcaster } from '../broadcaster.ts'

/** Driver `null`: sends nothing. */
export class NullBroadcaster implements Broadcaster {
  broadcast(): void {}
  disconnectUser(): void {}
  unsubscribeUser(): void {}
}

import type { Logger } from '../../support/logger.ts'
import type { Broadcaster, OutgoingEvent } from '../broadcaster.ts'

/** Driver `log`: one line per channel in place of sending; what is encrypted for others is so on the log, too. */
export class LogBroadcaster implements Broadcaster {
  readonly #logger: Logger

  constructor(logger: Logger) {
    this.#logger = logger
  }

  broadcast({ channels, event, data }: OutgoingEvent): void {
    for (const channel of channels) {
      this.#logger.info(`[Broadcast] channel=${channel} event=${event} data=${data}`)
    }
  }

  disconnectUser(userId: string): void {
    this.#logger.info(`[Broadcast] disconnect user=${userId}`)
  }

  unsubscribeUser(userId: string, channel: string): void {
    this.#logger.info(`[Broadcast] unsubscribe user=${userId} channel=${channel}`)
  }
}

import { parseSocketId, type SocketId } from '../protocol/names.ts'
import type { BroadcastEvent } from './broadcast-event.ts'
import { AlreadySentError } from './errors.ts'
import { currentSocketId, type RequestLike, socketIdOf } from './request-context.ts'

/** What became of a broadcast. */
export interface BroadcastReceipt {
  /** The driver that carried it. */
  readonly driver: string
  /** The name on the wire. */
  readonly event: string
  /** Where it went; empty when the event said that it is not to be sent. */
  readonly channels: readonly ReceiptChannel[]
}

/** A channel that an event went to. */
export interface ReceiptChannel {
  /** The name on the wire. */
  readonly name: string
  /** Connections it was handed to, where the driver knows. */
  readonly recipients?: number
}

/** How an event is to be sent. */
export interface BroadcastRoute {
  /** A connection other than the default one. */
  readonly via: string | undefined
  /** The socket that does not get it. */
  readonly except: SocketId | undefined
}

/** What a pending broadcast needs of its manager. */
export interface BroadcastSender {
  /** Rejects when the event was not sent. */
  send(event: BroadcastEvent, route: BroadcastRoute): Promise<BroadcastReceipt>
  /** Called with a failure that nobody awaits. */
  reportUnawaited(event: BroadcastEvent, error: unknown): void
  /** Called when nobody can be excepted, because no socket id is known or what was given is none. */
  reportMissingSocket(given?: unknown): void
}

/**
 * A broadcast that is sent on the next microtask, awaited or not; until then it can be told more.
 * Awaited it gives the receipt, or throws; a failure that nobody awaits goes to the logger.
 */
export class PendingBroadcast implements PromiseLike<BroadcastReceipt> {
  readonly #event: BroadcastEvent
  readonly #sender: BroadcastSender
  readonly #receipt: Promise<BroadcastReceipt>
  #via: string | undefined
  #except: SocketId | undefined
  #sent = false
  #awaited = false

  constructor(event: BroadcastEvent, sender: BroadcastSender) {
    this.#event = event
    this.#sender = sender
    this.#receipt = this.#sendSoon()
    this.#reportFailure()
  }

  /**
   * Excepts the socket of the current request (`X-Socket-ID`), or of the given request, or the given socket id.
   * When there is none it warns once, and everybody gets the event.
   */
  toOthers(source?: RequestLike | string): this {
    this.#mustBePending('toOthers()')
    if (source === undefined) this.#except = currentSocketId()
    else this.#except = typeof source === 'string' ? parseSocketId(source) : socketIdOf(source)
    if (this.#except === undefined) this.#sender.reportMissingSocket(source)
    return this
  }

  /** Sends over a connection other than the default one. */
  via(connection: string): this {
    this.#mustBePending('via()')
    this.#via = connection
    return this
  }

  // biome-ignore lint/suspicious/noThenProperty: it is awaited
  then<Result = BroadcastReceipt, Failure = never>(
    onSent?: ((receipt: BroadcastReceipt) => Result | PromiseLike<Result>) | null,
    onFailed?: ((error: unknown) => Failure | PromiseLike<Failure>) | null,
  ): Promise<Result | Failure> {
    this.#awaited = true
    return this.#receipt.then(onSent, onFailed)
  }

  catch<Failure = never>(
    onFailed?: ((error: unknown) => Failure | PromiseLike<Failure>) | null,
  ): Promise<BroadcastReceipt | Failure> {
    return this.then(undefined, onFailed)
  }

  finally(onSettled?: (() => void) | null): Promise<BroadcastReceipt> {
    return this.then().finally(onSettled)
  }

  #mustBePending(method: string): void {
    if (this.#sent) throw new AlreadySentError(method)
  }

  async #sendSoon(): Promise<BroadcastReceipt> {
    await undefined
    this.#sent = true
    return this.#sender.send(this.#event, { via: this.#via, except: this.#except })
  }

  async #reportFailure(): Promise<void> {
    try {
      await this.#receipt
    } catch (error) {
      // Decided when the microtasks are done, as Node does it with rejections: `await` may still be on its way.
      process.nextTick(() => {
        if (!this.#awaited) this.#sender.reportUnawaited(this.#event, error)
      })
    }
  }
}

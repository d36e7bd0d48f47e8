import { parseSocketId, type SocketId } from '../protocol/names.ts'
import { AlreadySentError } from './errors.ts'
import type { BroadcastReceipt } from './receipt.ts'
import { ReportedPromise } from './reported-promise.ts'
import { currentSocketId, type RequestLike, socketIdOf } from './request-context.ts'

/** How something is to be sent. */
export interface BroadcastRoute {
  /** A connection other than the default one. */
  readonly via: string | undefined
  /** The socket that does not get it. */
  readonly except: SocketId | undefined
}

/** What a pending broadcast needs of its manager. */
export interface BroadcastSender<Receipt> {
  /** Called once. Rejects when not all of it was sent. */
  send(route: BroadcastRoute): Promise<Receipt>
  /** Called with a failure that nobody awaits. */
  reportUnawaited(error: unknown): void
  /** Called when nobody can be excepted, because no socket id is known or what was given is none. */
  reportMissingSocket(given?: unknown): void
}

/** Several events that are sent on the next microtask; awaited it gives their receipts, in their order. */
export type PendingBatch = PendingBroadcast<readonly BroadcastReceipt[]>

/**
 * A broadcast that is sent on the next microtask, awaited or not; until then it can be told more.
 * Awaited it gives the receipt, or throws; a failure that nobody awaits goes to the logger.
 */
export class PendingBroadcast<Receipt = BroadcastReceipt> implements Promise<Receipt> {
  readonly #sender: BroadcastSender<Receipt>
  readonly #receipt: ReportedPromise<Receipt>
  #via: string | undefined
  #except: SocketId | undefined
  #sent = false

  constructor(sender: BroadcastSender<Receipt>) {
    this.#sender = sender
    this.#receipt = new ReportedPromise(this.#sendSoon(), (error) => sender.reportUnawaited(error))
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

  /** Makes it a Promise for TypeScript. */
  get [Symbol.toStringTag](): string {
    return 'PendingBroadcast'
  }

  /** As of every promise. Whoever calls it hears of a failure, which then is reported nowhere else. */
  // biome-ignore lint/suspicious/noThenProperty: it is awaited
  then<Result = Receipt, Failure = never>(
    onSent?: ((receipt: Receipt) => Result | PromiseLike<Result>) | null,
    onFailed?: ((error: unknown) => Failure | PromiseLike<Failure>) | null,
  ): Promise<Result | Failure> {
    return this.#receipt.then(onSent, onFailed)
  }

  /** As of every promise. Whoever calls it hears of a failure, which then is reported nowhere else. */
  catch<Failure = never>(
    onFailed?: ((error: unknown) => Failure | PromiseLike<Failure>) | null,
  ): Promise<Receipt | Failure> {
    return this.#receipt.catch(onFailed)
  }

  /** As of every promise; a failure passes on to whoever awaits what it returns. */
  finally(onSettled?: (() => void) | null): Promise<Receipt> {
    return this.#receipt.finally(onSettled)
  }

  #mustBePending(method: string): void {
    if (this.#sent) throw new AlreadySentError(method)
  }

  async #sendSoon(): Promise<Receipt> {
    await undefined
    this.#sent = true
    return this.#sender.send({ via: this.#via, except: this.#except })
  }
}

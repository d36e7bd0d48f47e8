import { setTimeout as wait } from 'node:timers/promises'
import { ignoreRejection } from '../../../support/awaitable.ts'
import { messageOf } from '../../../support/errors.ts'
import type { Broker, BrokerListener } from '../../cluster/broker.ts'
import { type Ask, partsOver } from '../../cluster/calls.ts'
import { parseAddress } from './address.ts'
import { type Connector, GivenConnection, OwnConnections } from './connector.ts'
import { loadNats } from './library.ts'
import type { NatsOptions } from './nats-options.ts'
import { Session } from './session.ts'
import { tokenOf } from './token.ts'
import { Unanswered } from './unanswered.ts'

/** A broker over NATS with JetStream, from version 2.9; nothing of one prefix is seen under another. */
export function natsBroker(options: NatsOptions & { readonly prefix: string }): Broker {
  return new NatsBroker(options)
}

/** Milliseconds before the second attempt to connect, and at most. */
const [firstPause, longestPause] = [100, 1000]

class NatsBroker implements Broker {
  readonly name = 'nats'
  readonly address: string
  readonly roads: Broker['roads']
  readonly ledger: Broker['ledger']
  readonly store: Broker['store']
  readonly #options: NatsOptions & { readonly prefix: string }
  readonly #connector: Connector
  readonly #closing = new AbortController()
  readonly #unanswered = { ledger: new Unanswered(), due: new Unanswered() }
  readonly #ownLives = new Set<string>()
  #session: Session | undefined
  /** The listener has been told that there is no connection. */
  #lost = false
  #done: Promise<void> | undefined

  constructor(options: NatsOptions & { readonly prefix: string }) {
    const { url = 'nats://127.0.0.1:4222', connection } = options
    const address = parseAddress(url)
    this.#options = options
    this.#connector =
      connection === undefined
        ? new OwnConnections(address, `${tokenOf(options.prefix)}.o`)
        : new GivenConnection(connection)
    this.address = connection === undefined ? address.shown : 'a connection of the application'
    const ask: Ask = (name, said) =>
      this.#session?.ask(name, said) ?? Promise.reject(new Error('There is no connection to NATS'))
    const { roads, ledger, store } = partsOver(ask)
    this.roads = roads
    this.ledger = ledger
    this.store = store
  }

  open(listener: BrokerListener): void {
    this.#done = this.#run(listener)
  }

  reset(): void {
    ignoreRejection(this.#connector.reset())
    this.#session?.end('The connection to NATS was reset')
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#connector.stop()
    this.#session?.end('The connection to NATS was closed')
    await this.#done
  }

  async #run(listener: BrokerListener): Promise<void> {
    const { signal } = this.#closing
    for (let pause = firstPause; !signal.aborted; pause = Math.min(pause * 2, longestPause)) {
      const lasted = await this.#runOnce(listener)
      if (lasted) pause = firstPause
      await wait(lasted ? 0 : pause * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => {})
    }
  }

  /** Connects, and lasts as long as the connection does; true when that was longer than any pause. */
  async #runOnce(listener: BrokerListener): Promise<boolean> {
    try {
      const session = await this.#connect(listener)
      this.#session = session
      if (this.#closing.signal.aborted) return false
      this.#lost = false
      const since = performance.now()
      listener.connected()
      this.#lose(listener, await session.ended)
      return performance.now() - since > longestPause
    } catch (error) {
      this.#lose(listener, messageOf(error))
      return false
    } finally {
      this.#session = undefined
      await this.#connector.release().catch(() => {})
    }
  }

  async #connect(listener: BrokerListener): Promise<Session> {
    const { prefix, replicas = 1 } = this.#options
    const { signal } = this.#closing
    const library = await loadNats()
    signal.throwIfAborted()
    const connection = await this.#connector.connect(library)
    signal.throwIfAborted()
    const lost = this.#connector.lost()
    const jetStream = await library.jetStream(connection)
    const session = await Session.open({
      ...{ connection, jetStream, prefix, replicas, listener },
      reach: () => this.#connector.reach(),
      unanswered: this.#unanswered,
      ownLives: this.#ownLives,
    })
    void lost.then((reason) => session.end(reason))
    return session
  }

  #lose(listener: BrokerListener, reason: string): void {
    if (this.#closing.signal.aborted) return
    if (this.#lost) listener.failed?.(reason)
    else listener.disconnected(reason)
    this.#lost = true
  }
}

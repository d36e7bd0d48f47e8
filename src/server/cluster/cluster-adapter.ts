import type { Logger } from '../../support/logger.ts'
import type { Adapter } from '../adapter.ts'
import type { App } from '../apps/app.ts'
import type { Metrics } from '../metrics.ts'
import type { Broker } from './broker.ts'
import { ClusterLog } from './cluster-log.ts'
import { ClusterRegistry } from './cluster-registry.ts'
import { ClusterRelay } from './cluster-relay.ts'
import { Link } from './link.ts'

interface AdapterParts {
  readonly broker: Broker
  readonly nodeId: string
  /** Seconds. */
  readonly nodeTtl: number
  readonly findApp: (id: string) => Promise<App | undefined>
  readonly metrics: Metrics
  readonly logger: Logger
}

/** What a server shares with other nodes, over a broker. */
export class ClusterAdapter implements Adapter {
  readonly relay: ClusterRelay
  readonly registry: ClusterRegistry
  readonly log: ClusterLog
  readonly #link: Link

  constructor({ broker, nodeId, nodeTtl, findApp, metrics, logger }: AdapterParts) {
    const link = new Link({ broker, nodeId, ttl: nodeTtl * 1000, metrics, logger })
    const relay = new ClusterRelay({
      link,
      broker,
      metrics,
      userMayHaveChanged: (appId, userId) => void registry.userMayHaveChanged(appId, userId),
    })
    const registry = new ClusterRegistry({
      link,
      ledger: broker.ledger,
      logger,
      findApp,
      tellOfUser: (appId, userId) => relay.tell({ user: { appId, userId } }),
    })
    this.relay = relay
    this.registry = registry
    this.log = new ClusterLog(link, broker.store, relay)
    this.#link = link
  }

  get trouble(): string | undefined {
    return this.#link.trouble
  }

  start(): void {
    const { relay, registry } = this
    this.#link.start({
      message: (road, message) => relay.message(road, message),
      changed: (place, notice) => registry.changed(place, notice),
      async recover() {
        await relay.recover()
        await registry.recover()
      },
      lost: () => registry.lost(),
      believe: () => void registry.believe(),
      settled: (settled) => registry.settled(settled),
    })
  }

  sweep(): void {}

  async drain(): Promise<void> {
    await this.#link.renew()
    this.registry.drain()
  }

  async close(): Promise<void> {
    this.relay.stop()
    this.registry.stop()
    await this.#link.close()
  }
}

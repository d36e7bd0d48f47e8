import { randomBytes } from 'node:crypto'
import type { Logger } from '../../support/logger.ts'
import type { Adapter } from '../adapter.ts'
import type { App } from '../apps/app.ts'
import type { Broker } from '../cluster/broker.ts'
import { ClusterAdapter } from '../cluster/cluster-adapter.ts'
import type { ServerConfig } from '../config.ts'
import type { Metrics } from '../metrics.ts'
import { MemoryAdapter } from './memory.ts'
import { natsBroker } from './nats/nats-broker.ts'
import { redisBroker } from './redis/redis-broker.ts'
import { createWorkerBroker } from './workers/worker.ts'

interface AdapterParts {
  readonly findApp: (id: string) => Promise<App | undefined>
  readonly metrics: Metrics
  readonly logger: Logger
}

/** The adapter that the settings ask for; one that serves nobody shares nothing. Throws a ConfigurationError. */
export function createAdapter(config: ServerConfig, parts: AdapterParts): Adapter {
  const broker = config.serve ? brokerOf(config) : undefined
  if (broker === undefined) return new MemoryAdapter()
  const { nodeId = randomBytes(4).toString('hex'), nodeTtl } = config
  return new ClusterAdapter({ broker, nodeId, nodeTtl, ...parts })
}

function brokerOf(config: ServerConfig): Broker | undefined {
  const { broker, scalingDriver, scalingPrefix: prefix } = config
  const { redis, redisUrl, nats, natsUrl } = config
  if (broker !== undefined) return broker
  if (scalingDriver === 'redis') return redisBroker({ ...(redis ?? { url: redisUrl }), prefix })
  if (scalingDriver === 'nats') return natsBroker({ url: natsUrl, ...nats, prefix })
  if (scalingDriver === 'cluster') return createWorkerBroker(prefix)
  return undefined
}

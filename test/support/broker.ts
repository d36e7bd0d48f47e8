import { onTestFinished } from 'vitest'
import { type RedisOptions, redisBroker } from '../../src/server/adapters/redis/index.ts'
import type { Broker } from '../../src/server/cluster/broker.ts'
import { BrokerNode } from '../../src/testing/broker-suite/node.ts'
import { Inbox } from '../../src/testing/inbox.ts'

/** A broker that is open, in the hands of a node; it is closed after the test. */
export interface OpenBroker {
  readonly broker: Broker
  readonly node: BrokerNode
  /** The reason of the next loss of the connection. */
  lost(): Promise<string>
}

/** Resolves when the broker is connected. */
export async function openBroker(options: RedisOptions & { readonly prefix: string }): Promise<OpenBroker> {
  const opened = beginBroker(options)
  await opened.node.connected()
  return opened
}

/** Does not wait for that. */
export function beginBroker(options: RedisOptions & { readonly prefix: string }): OpenBroker {
  return begin(redisBroker(options), 'node.1')
}

/** A broker in the hands of a node of that id. */
export function begin(broker: Broker, id: string): OpenBroker {
  onTestFinished(() => broker.close())
  const losses = new Inbox<string>(30_000)
  const open = broker.open.bind(broker)
  broker.open = (listener) =>
    open({
      ...listener,
      disconnected(reason) {
        losses.put(reason)
        listener.disconnected(reason)
      },
    })
  return { broker, node: new BrokerNode(broker, id), lost: () => losses.take() }
}

import { onTestFinished } from 'vitest'
import { type NatsOptions, natsBroker } from '../../src/server/adapters/nats/index.ts'
import { BrokerNode } from '../../src/testing/broker-suite/node.ts'
import { Inbox } from '../../src/testing/inbox.ts'

/** A NATS broker that begins to connect, in the hands of a node; it is closed with the test. */
export interface OpenNode {
  readonly node: BrokerNode
  /** The reason of the next loss of the connection. */
  lost(): Promise<string>
}

/** Opens one of the installation `tests`, unless another is named. */
export function openNode({
  prefix = 'tests',
  id = 'node.1',
  ...options
}: NatsOptions & { readonly prefix?: string; readonly id?: string }): OpenNode {
  const losses = new Inbox<string>(20_000)
  const broker = natsBroker({ ...options, prefix })
  onTestFinished(() => broker.close())
  const open = broker.open.bind(broker)
  broker.open = (listener) =>
    open({
      ...listener,
      disconnected(reason) {
        losses.put(reason)
        listener.disconnected(reason)
      },
    })
  return { node: new BrokerNode(broker, id), lost: () => losses.take() }
}

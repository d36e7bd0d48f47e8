import { type NatsOptions, natsBroker } from '../../src/server/adapters/nats/index.ts'
import { begin, type OpenBroker } from './broker.ts'

/** A NATS broker that begins to connect, of the installation `tests` unless another is named. */
export function openNode({
  prefix = 'tests',
  id = 'node.1',
  ...options
}: NatsOptions & { readonly prefix?: string; readonly id?: string }): OpenBroker {
  return begin(natsBroker({ ...options, prefix }), id)
}

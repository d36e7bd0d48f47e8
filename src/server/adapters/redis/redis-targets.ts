import { slotOf } from './cluster-slots.ts'
import type { Connect, ConnectionListener, RedisConnection } from './redis-connection.ts'
import type { RedisAddress } from './redis-options.ts'

/** A process that takes writes, and the slots that it has when there are several. */
export interface Master {
  readonly address: RedisAddress | undefined
  /** First and last of each range. */
  readonly ranges: readonly (readonly [number, number])[]
}

/** How the processes that take writes are found, each time anew. */
export type Topology =
  | { readonly kind: 'single' }
  | { readonly kind: 'sentinel'; readonly sentinels: readonly RedisAddress[]; readonly name: string }
  | {
      readonly kind: 'cluster'
      readonly seeds: readonly RedisAddress[]
      /** Where a process is reached that calls itself so; undefined: where it says. */
      readonly mapped: (address: RedisAddress) => RedisAddress | undefined
    }

/** Opens connections that end together. */
export type OpenConnection = (
  target: Parameters<Connect>[0],
  hears?: Partial<ConnectionListener>,
) => Promise<RedisConnection>

/** Finds the masters; `changed` is called when they are others, as far as that can be heard. */
export async function findMasters(
  topology: Topology,
  open: OpenConnection,
  changed: (reason: string) => void,
): Promise<readonly Master[]> {
  if (topology.kind === 'single') return [{ address: undefined, ranges: [] }]
  if (topology.kind === 'cluster') {
    return await firstOf(topology.seeds, (seed) => askCluster(seed, topology.mapped, open))
  }
  const { sentinels, name } = topology
  return [await firstOf(sentinels, (sentinel) => askSentinel(sentinel, name, open, changed))]
}

/** Asks one after the other until one answers. */
async function firstOf<T>(addresses: readonly RedisAddress[], ask: (address: RedisAddress) => Promise<T>) {
  let failure: unknown = new Error('There is nobody to ask')
  for (const address of addresses) {
    try {
      return await ask(address)
    } catch (error) {
      failure = error
    }
  }
  throw failure
}

async function askSentinel(
  address: RedisAddress,
  name: string,
  open: OpenConnection,
  changed: (reason: string) => void,
): Promise<Master> {
  // Should the sentinel go away, only its early word is lost: a change of masters ends the connections to the old one, too.
  const ended = () => {}
  const target = { address, sharded: false, sentinel: true }
  const watch = await open(target, {
    // "name old-host old-port new-host new-port"
    message: (_, message) => message.toString().startsWith(`${name} `) && changed('The master has changed'),
    ended,
  })
  // Before it is asked, so that no change is missed.
  await watch.subscribe(['+switch-master'])
  const asked = await open(target, { ended })
  const found = await asked.command(['SENTINEL', 'get-master-addr-by-name', name])
  asked.destroy()
  if (!Array.isArray(found)) throw new Error(`The sentinels do not know a master called ${name}`)
  return { address: { host: String(found[0]), port: Number(found[1]) }, ranges: [] }
}

async function askCluster(
  seed: RedisAddress,
  mapped: (address: RedisAddress) => RedisAddress | undefined,
  open: OpenConnection,
): Promise<readonly Master[]> {
  const asked = await open({ address: seed, sharded: true }, { ended: () => {} })
  const found = await asked.command(['CLUSTER', 'SLOTS'])
  asked.destroy()
  const masters = new Map<string, Master & { readonly ranges: (readonly [number, number])[] }>()
  for (const [first, last, [host, port]] of rangesOf(found)) {
    // A process that does not know its own name says nothing: it is the one that was asked.
    const said = { host: host === '' ? seed.host : host, port }
    const address = mapped(said) ?? said
    const key = `${address.host}:${address.port}`
    const master = masters.get(key) ?? { address, ranges: [] }
    masters.set(key, master)
    master.ranges.push([first, last])
  }
  if (masters.size === 0) throw new Error('The Redis Cluster has no slots')
  return [...masters.values()]
}

function rangesOf(reply: unknown): [number, number, [string, number]][] {
  if (!Array.isArray(reply)) throw new Error('The Redis Cluster did not say who has which slots')
  return reply.map((range) => {
    const [first, last, [host, port]] = range
    return [Number(first), Number(last), [host ?? '', Number(port)]]
  })
}

/** Which of the masters has the slot of a name; undefined while none has. */
export function masterIndexOf(masters: readonly Master[], name: string): number {
  if (masters.length === 1) return 0
  const slot = slotOf(name)
  return masters.findIndex(({ ranges }) => ranges.some(([first, last]) => first <= slot && slot <= last))
}

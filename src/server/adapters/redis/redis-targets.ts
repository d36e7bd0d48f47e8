import { slotOf } from './cluster-slots.ts'
import type { Connect, ConnectionListener, RedisConnection } from './redis-connection.ts'
import type { RedisAddress } from './redis-options.ts'
import { addressText } from './redis-settings.ts'

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

/** Makes connections that end together. */
export type OpenConnection = (
  target: Parameters<Connect>[0],
  hears?: Partial<ConnectionListener>,
) => RedisConnection

/** Milliseconds that one who is asked for the masters has to answer, and those that all of them have. */
const [patience, patienceInAll] = [2_000, 6_000]

/** Finds the masters; `changed` is called when they are others, as far as that can be heard. */
export async function findMasters(
  topology: Topology,
  open: OpenConnection,
  changed: (reason: string) => void,
): Promise<readonly Master[]> {
  if (topology.kind === 'single') return [{ address: undefined, ranges: [] }]
  if (topology.kind === 'cluster') {
    return await firstOf(topology.seeds, open, (seed, open) => askCluster(seed, topology.mapped, open))
  }
  const { sentinels, name } = topology
  return [await firstOf(sentinels, open, (sentinel, open) => askSentinel(sentinel, name, open, changed))]
}

type Ask<Answer> = (address: RedisAddress, open: OpenConnection) => Promise<Answer>

/** Asks one after the other until one answers. */
async function firstOf<Answer>(
  addresses: readonly RedisAddress[],
  open: OpenConnection,
  ask: Ask<Answer>,
): Promise<Answer> {
  const time = Math.min(patience, patienceInAll / addresses.length)
  let failure: unknown = new Error('There is nobody to ask')
  for (const address of addresses) {
    try {
      return await askInTime(address, open, ask, time)
    } catch (error) {
      failure = error
    }
  }
  throw failure
}

/** Leaves no connection open to one who has not answered in time, or not as it should. */
async function askInTime<Answer>(
  address: RedisAddress,
  open: OpenConnection,
  ask: Ask<Answer>,
  time: number,
): Promise<Answer> {
  const opened: RedisConnection[] = []
  const end = (reason?: string) => {
    for (const connection of opened) connection.destroy(reason)
  }
  const deadline = setTimeout(() => end(`${addressText(address)} did not answer in time`), time)
  try {
    return await ask(address, (...target) => {
      const connection = open(...target)
      opened.push(connection)
      return connection
    })
  } catch (error) {
    end()
    throw error
  } finally {
    clearTimeout(deadline)
  }
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
  const watch = open(target, {
    // "name old-host old-port new-host new-port"
    message: (_, message) => message.toString().startsWith(`${name} `) && changed('The master has changed'),
    ended,
  })
  await watch.opened
  // Before it is asked, so that no change is missed.
  await watch.subscribe(['+switch-master'])
  const asked = open(target, { ended })
  await asked.opened
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
  const asked = open({ address: seed, sharded: true }, { ended: () => {} })
  await asked.opened
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

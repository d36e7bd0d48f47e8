import type { ChannelName, SocketId } from '../../src/protocol/names.ts'
import type { App } from '../../src/server/apps/app.ts'
import { assembleProtocol } from '../../src/server/assemble-protocol.ts'
import { ClusterAdapter } from '../../src/server/cluster/cluster-adapter.ts'
import { Connection } from '../../src/server/connection.ts'
import type { LifecycleEvent } from '../../src/server/lifecycle.ts'
import { Metrics } from '../../src/server/metrics.ts'
import type { Socket } from '../../src/server/transport.ts'
import { isPromise } from '../../src/support/awaitable.ts'
import { SimBroker } from './sim-broker.ts'
import type { SimHub } from './sim-hub.ts'
import type { OwnedTask, Process } from './virtual-time.ts'

interface NodeParts {
  readonly hub: SimHub
  readonly app: App
  readonly index: number
  /** What people call it. */
  readonly nodeId: string
  /** Seconds. */
  readonly lease: number
  readonly announced: (event: LifecycleEvent) => void
  /** What must not happen, in words. */
  readonly failed: (what: string) => void
}

/** A node of a simulation: everything of a server that is not about HTTP and sockets. */
export class SimNode implements Process {
  readonly index: number
  readonly nodeId: string
  readonly broker: SimBroker
  readonly metrics = new Metrics()
  readonly parts: ReturnType<typeof assembleProtocol>
  frozen = false
  slept = 0
  /** How often it has gone on after a freeze. */
  thawed = 0
  dead = false
  draining = false
  /** When it joined the others, if nothing has come between them since. */
  upSince = Number.POSITIVE_INFINITY
  readonly #hub: SimHub
  readonly #app: App
  readonly #adapter: ClusterAdapter
  #missed: OwnedTask[] = []
  /** Since when its clock stands still. */
  #asleepSince: number | undefined

  constructor({ hub, app, index, nodeId, lease, announced, failed }: NodeParts) {
    this.index = index
    this.nodeId = nodeId
    this.#hub = hub
    this.#app = app
    this.broker = new SimBroker(hub, this)
    const { metrics } = this
    const note = (line: string) => hub.observer.note(() => `node ${index}: ${withoutIds(line)}`)
    const logger = {
      debug: note,
      warn: note,
      info: (line: string) => {
        if (line.includes('has joined')) this.upSince = hub.time.now
        note(line)
      },
      error: (line: string) => {
        if (line.includes('cannot be reached:')) this.upSince = Number.POSITIVE_INFINITY
        // Who is told so has asked while the others were out of reach.
        else if (line.includes('failed:')) failed(`node ${index}: ${line}`)
        note(line)
      },
    }
    this.#adapter = new ClusterAdapter({
      broker: this.broker,
      nodeId,
      nodeTtl: lease,
      findApp: async (id) => (id === app.id ? app : undefined),
      metrics,
      logger,
    })
    this.parts = assembleProtocol({
      adapter: this.#adapter,
      metrics,
      logger,
      trace: undefined,
      sendBuffer: 1_048_576,
    })
    this.parts.lifecycle.on(announced)
    this.happens(() => this.#adapter.start())
  }

  get trouble(): string | undefined {
    return this.#hub.time.seenBy(this, () => this.#adapter.trouble)
  }

  /** Something reaches the process from outside, or it does something by itself. */
  happens(what: () => void, delay = 0): void {
    this.#hub.time.plan(this, delay, what)
  }

  missed(task: OwnedTask): void {
    this.#missed.push(task)
  }

  freeze(asleep: boolean): void {
    this.frozen = true
    if (asleep) this.#asleepSince = this.#hub.time.now
  }

  /** Everything happens now that should have: first the timers, as when Node begins a turn, or first what has arrived. */
  thaw(timersFirst: boolean): void {
    this.frozen = false
    this.thawed++
    this.slept += this.#hub.time.now - (this.#asleepSince ?? this.#hub.time.now)
    this.#asleepSince = undefined
    const missed = this.#missed
    this.#missed = []
    for (const task of missed) if (task.timer === timersFirst) this.#hub.time.makeUp(task)
    for (const task of missed) if (task.timer !== timersFirst) this.#hub.time.makeUp(task)
  }

  kill(): void {
    this.dead = true
    this.broker.abandon()
  }

  drain(): void {
    this.draining = true
    this.#adapter.drain()
  }

  close(): void {
    void this.#adapter.close()
  }

  /** As a server does with a new socket; `established` is called unless the app has its connections already. */
  connect(socket: Socket, socketId: SocketId, established: (connection: Connection) => void): void {
    const admitted = this.#adapter.registry.connect(this.#app)
    if (isPromise(admitted)) void this.#admit(admitted, socket, socketId, established)
    else if (admitted) this.#establish(socket, socketId, established)
  }

  roster(channel: ChannelName): readonly string[] {
    return [...this.#adapter.registry.roster(this.#app, channel)].map(({ id }) => id)
  }

  async #admit(
    admitted: PromiseLike<boolean>,
    socket: Socket,
    socketId: SocketId,
    established: (connection: Connection) => void,
  ): Promise<void> {
    if (await admitted) this.#establish(socket, socketId, established)
  }

  #establish(socket: Socket, socketId: SocketId, established: (connection: Connection) => void): void {
    const { outbox, release, connections } = this.parts
    const shared = { outbox, trace: undefined, ended: release }
    const connection = new Connection({ socket, app: this.#app, socketId, client: 'js', shared })
    connections.set(socketId, connection)
    established(connection)
  }
}

/** Ids of lives are random, and a trace must not be. */
function withoutIds(line: string): string {
  return line.replace(/\b(n\d+)\.[0-9a-f]{12}\b/g, '$1')
}

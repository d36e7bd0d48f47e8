import { signChannel, signUser } from '../../src/protocol/signature.ts'
import type { App } from '../../src/server/apps/app.ts'
import { UnreachableError } from '../../src/server/errors.ts'
import { channelName, makeApp, socketIdOf, userData } from '../support/parts.ts'
import { Random } from './random.ts'
import { transitionKey } from './rights.ts'
import type { Action, Pace, Schedule } from './schedule.ts'
import { type Judge, Session } from './session.ts'
import { SimHub, type Weather } from './sim-hub.ts'
import { SimNode } from './sim-node.ts'
import { type Stretch, stretches } from './sim-way.ts'
import { Transitions } from './transitions.ts'
import { View } from './view.ts'
import { VirtualTime } from './virtual-time.ts'

/** What goes on while nothing goes wrong. */
const doings = [
  'connect',
  'disconnect',
  'subscribe',
  'unsubscribe',
  'client-event',
  'sign-in',
  'publish',
  'terminate',
  'join',
]

/** Milliseconds in which nodes come back after an outage: less than the lease. */
const staggered = 1_200

/** Something that must not be. */
export interface Violation {
  readonly oracle: string
  readonly what: string
  readonly at: number
}

/** An event that was published, and who must have got it in the end unless they leave before. */
interface Published {
  readonly data: string
  readonly channel: string
  readonly expected: readonly { readonly session: Session; readonly view: View }[]
}

/** A simulation under way: nodes, clients and the hub, and what has become of them. */
export class World implements Judge {
  readonly schedule: Schedule
  readonly time: VirtualTime
  readonly hub: SimHub
  readonly app: App
  readonly nodes: SimNode[] = []
  readonly sessions: Session[] = []
  readonly transitions: Transitions
  readonly violations: Violation[] = []
  readonly published: Published[] = []
  readonly trace: string[] = []
  readonly #tracing: boolean
  readonly #random: Random
  readonly #clients: (Session | undefined)[]
  readonly #positions = new Map<string, number>()
  readonly #numbers = new Map<string, number>()
  /** When the hub stopped last, or its clock was set. */
  #hubFailedAt = Number.NEGATIVE_INFINITY

  constructor(schedule: Schedule, tracing: boolean) {
    this.schedule = schedule
    this.#tracing = tracing
    this.#random = new Random(schedule.seed + 1_000_003)
    this.#clients = schedule.users.map(() => undefined)
    this.time = new VirtualTime((thrown) => this.violation('exception', stackOf(thrown)))
    this.app = makeApp({
      subscriptionCount: schedule.counted,
      presenceMaxMembers: schedule.maxMembers,
      maxConnections: schedule.maxConnections,
    })
    const violation = (oracle: string, what: string) => this.violation(oracle, what)
    this.transitions = new Transitions(() => this.time.now, violation)
    const { lanes } = schedule
    const observer = {
      decided: this.transitions.decided.bind(this.transitions),
      answered: this.transitions.answered.bind(this.transitions),
      kept: (data: string) => void this.#positions.set(data, this.#positions.size),
      note: (line: () => string) => this.note(line),
    }
    this.hub = new SimHub({ time: this.time, random: this.#random, lanes, observer })
    this.hub.weather = { ...schedule, delay: delayOf(schedule.pace, this.#random) } satisfies Weather
  }

  get anew(): boolean {
    return this.schedule.infos
  }

  get isOver(): boolean {
    return this.violations.length > 0
  }

  /** Nodes that have not died, frozen ones too. */
  get living(): SimNode[] {
    return this.nodes.filter(({ dead }) => !dead)
  }

  note(line: () => string): void {
    if (this.#tracing) this.trace.push(`${(this.time.now / 1000).toFixed(4).padStart(9)}  ${line()}`)
  }

  violation(oracle: string, what: string): void {
    this.note(() => `VIOLATION (${oracle}) ${what}`)
    this.violations.push({ oracle, what, at: this.time.now })
  }

  positionOf(data: string): number | undefined {
    return this.#positions.get(data)
  }

  startNode(nodeId = `n${this.nodes.length}`): void {
    const node = new SimNode({
      hub: this.hub,
      app: this.app,
      index: this.nodes.length,
      nodeId,
      lease: this.schedule.lease,
      announced: (event) => {
        this.note(
          () =>
            `  node ${node.index} announces ${event.name} ${event.channel} ${'userId' in event ? event.userId : ''}`,
        )
        this.transitions.announced(event)
      },
      failed: (what) => {
        if (!what.includes('cannot be reached; try again later')) this.violation('exception', what)
      },
    })
    this.nodes.push(node)
  }

  /** Plans everything of the schedule. */
  begin(): void {
    for (let count = 0; count < this.schedule.nodes; count++) this.startNode()
    for (const action of this.schedule.actions) {
      this.time.plan(undefined, action.at, () => {
        this.note(() => describe(action))
        this.#act(action)
      })
    }
  }

  /** Nothing goes wrong any more. */
  heal(): void {
    this.hub.weather = { delay: delayOf('fast', this.#random), dropped: 0, repeated: 0 }
    if (this.hub.down) this.hub.restart(0)
    this.#setClock(0)
    for (const node of this.living) {
      if (node.frozen) node.thaw(this.#random.chance(0.5))
      node.broker.heal()
    }
  }

  disconnectAll(): void {
    for (const client of this.#clients.keys()) this.#disconnect(client)
  }

  /** Users who are in the channel, and how many are. */
  truthOf(channel: string): { readonly users: ReadonlySet<string>; readonly subscriptions: number } {
    const there = this.sessions.filter(({ alive, views }) => alive && views.get(channel)?.live)
    return { users: new Set(there.map(({ user }) => user)), subscriptions: there.length }
  }

  #act(action: Action): void {
    switch (action.do) {
      case 'connect':
        this.#connect(action.client, action.node)
        break
      case 'disconnect':
        this.#disconnect(action.client)
        break
      case 'subscribe':
        this.#subscribe(action.client, action.channel)
        break
      case 'unsubscribe':
        this.#unsubscribe(action.client, action.channel)
        break
      case 'client-event':
        this.#clientEvent(action.client, action.channel)
        break
      case 'sign-in':
        this.#signIn(action.client, action.watchlist)
        break
      case 'publish':
        this.#publish(action.node, action.channel, action.everywhere)
        break
      case 'terminate':
        this.#terminate(action.node, action.user)
        break
      case 'cut':
        this.#cut(action.node, action.time)
        break
      case 'stall':
        this.#stall(action.node, action.time, action.only ?? stretches)
        break
      case 'partition':
        for (const node of action.nodes) this.#cut(node, action.time)
        break
      case 'freeze':
        this.#freeze(action.node, action.time, action.asleep === true)
        break
      case 'kill':
        this.#kill(action.node, action.replaced)
        break
      case 'drain':
        this.#drain(this.#nodeOf(action.node))
        break
      case 'stop':
        this.#stopAll(action.time)
        break
      case 'join':
        this.#join(action.count, action.namesake)
        break
      case 'wipe':
      case 'outage':
        this.#stopHub(action.time, action.do === 'wipe')
        break
      case 'relapse':
        this.#relapse(action.time, action.lost)
        break
      case 'leap':
        this.#leap(action.time, action.ahead)
        break
    }
  }

  #connect(client: number, wanted: number): void {
    const before = this.#clients[client]
    if (before?.open && !before.gone && !before.node.dead) return
    const node = this.#nodeFor(wanted)
    if (node === undefined) return
    const socketId = socketIdOf(`1.${this.sessions.length + 1}`)
    const session = new Session(this, node, socketId, client, this.schedule.users[client] ?? '')
    this.#clients[client] = session
    this.sessions.push(session)
    node.happens(() =>
      node.connect(session, socketId, (connection) => {
        session.connection = connection
        if (session.gone) connection.end()
      }),
    )
  }

  #disconnect(client: number): void {
    const session = this.#clients[client]
    if (session === undefined || session.gone) return
    for (const channel of session.views.keys()) this.touched(session, channel)
    session.gone = true
    this.#clients[client] = undefined
    session.node.happens(() => {
      session.open = false
      session.connection?.end()
    })
  }

  /** The client says something, which the node receives unless the connection is over. */
  #say(client: number, message: (session: Session) => object, then?: (session: Session) => void): void {
    const session = this.#clients[client]
    session?.node.happens(() => {
      const { connection } = session
      if (session.gone || connection === undefined || !connection.open) return
      const said = JSON.stringify(message(session))
      session.node.parts.receive(connection, said)
      then?.(session)
    })
  }

  #subscribe(client: number, channel: string): void {
    this.#say(client, (session) => {
      if (session.views.get(channel)?.refused !== false) session.views.set(channel, new View())
      this.touched(session, channel)
      const data = channel.startsWith('presence-')
        ? userData(session.user, { name: this.schedule.infos ? session.socketId : session.user })
        : undefined
      const auth = signChannel(this.app, session.socketId, channel, data)
      return { event: 'pusher:subscribe', data: { channel, auth, channel_data: data } }
    })
  }

  #unsubscribe(client: number, channel: string): void {
    const message = (session: Session) => {
      this.touched(session, channel)
      session.views.delete(channel)
      session.leaving.push(channel)
      return { event: 'pusher:unsubscribe', data: { channel } }
    }
    // What the turn has gathered is written at its end.
    this.#say(client, message, (session) => {
      const { node, leaving } = session
      const isOver = () => void leaving.splice(leaving.indexOf(channel), 1)
      session.afterSignIn(() => node.happens(() => node.happens(isOver)))
    })
  }

  #clientEvent(client: number, channel: string): void {
    this.#say(client, ({ socketId }) => {
      const data = this.#newData(`client ${socketId}`, channel)
      return { event: 'client-said', channel, data }
    })
  }

  #signIn(client: number, watchlist: readonly string[]): void {
    const session = this.#clients[client]
    if (session === undefined || session.askedToSignIn) return
    session.askedToSignIn = true
    this.#say(client, ({ socketId, user }) => {
      const user_data = JSON.stringify({ id: user, watchlist })
      return { event: 'pusher:signin', data: { auth: signUser(this.app, socketId, user_data), user_data } }
    })
  }

  #publish(wanted: number, channel: string, everywhere: boolean): void {
    const node = this.#nodeFor(wanted)
    node?.happens(() => {
      const data = this.#newData(everywhere ? `api ${node.index}` : `node ${node.index}`, channel)
      const expected = this.#audience(channel, everywhere || channel.includes('cache-') ? undefined : node)
      this.published.push({ data, channel, expected })
      void this.#settle(
        (async () =>
          node.parts.publish({
            kind: 'published',
            app: this.app,
            channel: channelName(channel),
            event: 'sent',
            data,
            everywhere,
          }))(),
      )
    })
  }

  /** Who must get it: where nothing goes wrong, all who are in; else those on its own node, if it is delivered there first. */
  #audience(channel: string, node: SimNode | undefined): Published['expected'] {
    const { calm } = this
    return this.sessions.flatMap((session) => {
      const view = session.views.get(channel)
      const isSure =
        calm || (session.node === node && session.connection?.subscriptions.get(channel)?.state === 'live')
      return session.alive && view?.live && isSure ? [{ session, view }] : []
    })
  }

  /** Whether nothing goes wrong in the whole schedule. */
  get calm(): boolean {
    const { pace, actions, dropped } = this.schedule
    const harmless: readonly string[] = doings
    return pace !== 'erratic' && dropped === 0 && actions.every((action) => harmless.includes(action.do))
  }

  #terminate(wanted: number, user: string): void {
    const node = this.#nodeOf(wanted)
    node?.happens(() => void this.#settle((async () => node.parts.revoke.disconnect(this.app, user))()))
  }

  /** Out of reach is a way to end. */
  async #settle(pending: Promise<unknown>): Promise<void> {
    try {
      await pending
    } catch (thrown) {
      if (!(thrown instanceof UnreachableError)) this.violation('exception', stackOf(thrown))
    }
  }

  #cut(wanted: number, time: number): void {
    const broker = this.#nodeOf(wanted)?.broker
    broker?.cut()
    this.time.plan(undefined, time, () => broker?.heal())
  }

  #stall(wanted: number, time: number, only: readonly Stretch[]): void {
    const node = this.#nodeOf(wanted)
    if (node === undefined) return
    node.broker.stall(only)
    this.#expectNoticed(node)
    this.time.plan(undefined, time, () => node.broker.unstall())
  }

  /** A node that is not answered, or does not hear, finds out; one that only cannot ask to hear more does so when it asks. */
  #expectNoticed({ index, broker, thawed }: SimNode): void {
    const { stalled } = broker
    if (stalled.size === 1 && stalled.has('hearing')) return
    const lease = this.schedule.lease * 1000
    // The next renewal, its answer, and the message of the node to itself.
    this.time.plan(undefined, Math.min(lease / 4, 2_000) + lease + 500, () => {
      const node = this.nodes[index]
      if (node === undefined || node.dead || node.frozen || node.thawed !== thawed) return
      if (broker.stalled === stalled && node.trouble === undefined)
        this.violation('deaf', `Node ${index} has not noticed that ${[...stalled].join()} have stalled`)
    })
  }

  #freeze(wanted: number, time: number, asleep: boolean): void {
    const node = this.#nodeOf(wanted)
    if (node === undefined || node.frozen) return
    node.freeze(asleep)
    this.#expectNoGhosts(node)
    this.time.plan(undefined, time, () => {
      if (node.frozen) node.thaw(this.#random.chance(0.5))
    })
  }

  #kill(wanted: number, replaced: boolean): void {
    const node = this.#nodeOf(wanted)
    if (node === undefined) return
    this.#expectNoGhosts(node)
    for (const session of this.sessions.filter((one) => one.node === node && one.alive)) {
      for (const channel of session.views.keys()) this.touched(session, channel)
    }
    node.kill()
    if (replaced || this.living.every(({ draining }) => draining)) this.startNode()
  }

  #join(count: number, namesake: { readonly node: number; readonly restarts: boolean } | undefined): void {
    const before = namesake && this.#nodeOf(namesake.node)
    if (namesake?.restarts) this.#kill(namesake.node, false)
    for (let joined = 0; joined < count; joined++) this.startNode(before?.nodeId)
  }

  #stopAll(time: number): void {
    for (const node of this.living) {
      this.time.plan(undefined, this.#random.between(0, 2_500), () => this.#drain(node, true))
    }
    this.time.plan(undefined, 2_500 + time, () => this.startNode())
  }

  #drain(node: SimNode | undefined, evenLast = false): void {
    const others = this.living.filter((other) => other !== node && !other.draining)
    if (node === undefined || node.dead || node.draining || (others.length === 0 && !evenLast)) return
    node.happens(() => node.drain())
    node.draining = true
    let last = 0
    for (const [client, session] of this.#clients.entries()) {
      if (session?.node !== node || session.gone) continue
      const away = this.#random.between(0, 800)
      last = Math.max(last, away)
      this.time.plan(undefined, away, () => this.#move(client, session))
    }
    node.happens(() => {
      node.close()
      node.happens(() => node.kill(), 1_500)
    }, last + 1_500)
  }

  /** The node closes the connection, and the client comes back elsewhere with all its subscriptions. */
  #move(client: number, session: Session): void {
    const channels = [...session.views.keys()]
    session.node.happens(() => session.connection?.close(4200))
    this.time.plan(undefined, this.#random.between(10, 500), () => {
      if (this.#clients[client] !== session) return
      this.#connect(client, this.#random.below(10))
      for (const channel of channels) this.#subscribe(client, channel)
    })
  }

  #stopHub(time: number, wiped: boolean): void {
    this.#hubFailedAt = this.time.now
    if (wiped) this.#wipe(time)
    else this.hub.stop()
    this.#restartAfter(time)
  }

  #relapse(time: number, lost: number): void {
    this.#hubFailedAt = this.time.now
    this.#excuse(time, lost)
    this.hub.relapse(lost)
    this.#restartAfter(time)
  }

  #leap(time: number, ahead: number): void {
    this.#setClock(ahead)
    this.time.plan(undefined, time, () => this.#setClock(0))
  }

  #setClock(ahead: number): void {
    if (this.hub.ahead === ahead) return
    this.hub.ahead = ahead
    this.#hubFailedAt = this.time.now
  }

  #restartAfter(time: number): void {
    this.time.plan(undefined, time, () => {
      if (this.hub.down) this.hub.restart(staggered)
    })
  }

  #wipe(time: number): void {
    // What a node on its own has not said yet, nobody can compare with what others had said of the same.
    for (const session of this.sessions.filter(({ alive, node }) => alive && node.trouble)) {
      for (const channel of session.views.keys()) this.touched(session, channel)
    }
    this.#excuse(time, 0)
    this.hub.wipe()
  }

  #excuse(time: number, lost: number): void {
    this.transitions.forgotten(time, lost, (channel, user) => {
      const { users, subscriptions } = this.truthOf(channel)
      return user === undefined ? subscriptions > 0 : users.has(user)
    })
  }

  /** Somebody hears that a user has left: who never left must not be taken for gone while only the hub has failed. */
  left({ node }: Session, user: string, channel: string): void {
    if (!this.#onlyHubFails || this.anew) return
    // A node on its own goes by the connections that it has itself.
    if (this.sessions.some((session) => session.node === node && session.user === user)) return
    const never = this.sessions.some(({ alive, user: other, views }) => {
      const since = views.get(channel)?.since ?? Number.POSITIVE_INFINITY
      return alive && other === user && since < this.time.now - 1_000
    })
    if (never)
      this.violation(
        'false leave',
        `${user} is said to have left ${channel}, and has been there all the time`,
      )
  }

  get #onlyHubFails(): boolean {
    const harmless = [...doings, 'wipe', 'outage', 'relapse']
    return (
      this.schedule.pace !== 'erratic' &&
      this.schedule.actions.every((action) => harmless.includes(action.do))
    )
  }

  /** After the lease and 3 s nobody who was well all the time has the users of this node, unless they are elsewhere. */
  #expectNoGhosts(node: SimNode): void {
    const begun = this.time.now
    const { thawed } = node
    const theirs = this.sessions
      .filter((session) => session.node === node && session.alive)
      .flatMap(({ user, views }) => [...views.keys()].map((channel) => ({ user, channel })))
    this.time.plan(undefined, this.schedule.lease * 1000 + 3_000, () => {
      // It may have been back, and have left for good or be frozen again since.
      if (node.thawed !== thawed || !(node.dead || node.frozen)) return
      if (this.#hubFailedAt > begun - 3_000) return
      for (const session of this.sessions) {
        if (!session.alive || session.node.frozen || session.node.upSince > begun - 3_000) continue
        for (const { user, channel } of theirs) {
          const view = session.views.get(channel)
          if (view?.live && view.members.has(user) && !this.#isElsewhere(user, channel, node)) {
            this.violation('ghost', `${session.name} still has ${user} of node ${node.index} in ${channel}`)
          }
        }
      }
    })
  }

  /** Also asked of who was there a moment ago. */
  #isElsewhere(user: string, channel: string, node: SimNode): boolean {
    return this.sessions.some(
      (session) =>
        session.node !== node &&
        session.user === user &&
        (session.views.has(channel) || session.leaving.includes(channel)),
    )
  }

  /** Who is in the channel may have changed. */
  touched({ user }: Session, channel: string): void {
    this.transitions.touched(channel)
    this.transitions.touched(transitionKey(channel, user))
  }

  #newData(by: string, channel: string): string {
    const series = `${by} ${channel}`
    const number = this.#numbers.get(series) ?? 0
    this.#numbers.set(series, number + 1)
    return JSON.stringify({ by, channel, number })
  }

  #nodeOf(wanted: number): SimNode | undefined {
    const { living } = this
    return living[wanted % living.length]
  }

  /** A balancer sends nobody to a node that is leaving. */
  #nodeFor(wanted: number): SimNode | undefined {
    const open = this.living.filter(({ draining }) => !draining)
    return open[wanted % open.length]
  }
}

function delayOf(pace: Pace, random: Random): () => number {
  if (pace === 'fast') return () => random.between(0.1, 2)
  if (pace === 'slow') return () => random.between(0.5, 60)
  return () => (random.chance(0.03) ? random.between(200, 1_600) : random.between(0.1, 20))
}

function describe({ at: _at, ...action }: Action): string {
  return `* ${Object.entries(action)
    .map(([name, value]) => (name === 'do' ? String(value) : `${name}=${String(value)}`))
    .join(' ')}`
}

function stackOf(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)
}

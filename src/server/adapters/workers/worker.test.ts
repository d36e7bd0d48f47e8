import { EventEmitter } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { deserialize, serialize } from 'node:v8'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { eventually } from '../../../../test/support/eventually.ts'
import { brokerSuite } from '../../../testing/broker-suite.ts'
import type { Broker, Place } from '../../cluster/broker.ts'
import { MemoryExchange } from '../../cluster/memory-exchange.ts'
import { Desk } from './desk.ts'
import { type Channel, createWorkerBroker } from './worker.ts'

const clock = () => performance.timeOrigin + performance.now()

/** What a channel of Node does to its messages, by its serialization. */
const serializations = {
  advanced: (message: object): unknown => deserialize(serialize(message)),
  json: (message: object): unknown => JSON.parse(JSON.stringify(message)),
}

/** A worker's end of a channel, and what the primary has at the other end. */
class FakeWorker extends EventEmitter implements Channel {
  readonly ppid = 1
  connected = true
  readonly desk: Desk
  readonly #copy: (message: object) => unknown
  readonly #unread: (() => void)[] = []
  readonly #unheard: (() => void)[] = []
  frozen = false
  /** The primary does not read. */
  unheard = false

  constructor(exchangeOf: (prefix: string) => MemoryExchange, serialization: keyof typeof serializations) {
    super()
    this.setMaxListeners(100)
    this.#copy = serializations[serialization]
    this.desk = new Desk(exchangeOf, (message, sent) => {
      const arrive = () => {
        sent()
        this.emit('message', this.#copy(message))
      }
      if (this.frozen) this.#unread.push(arrive)
      else setImmediate(arrive)
    })
  }

  send(
    message: object,
    _handle: undefined,
    _options: undefined,
    sent: (error: Error | null) => void,
  ): boolean {
    setImmediate(() => {
      sent(null)
      const arrive = () => this.desk.receive(this.#copy(message))
      if (this.unheard) this.#unheard.push(arrive)
      else arrive()
    })
    return true
  }

  /** Messages that the primary has sent while the worker did not read. */
  get unread(): number {
    return this.#unread.length
  }

  /** Reads what has come in the meantime. */
  thaw(): void {
    this.frozen = false
    for (const arrive of this.#unread.splice(0)) arrive()
  }

  /** The primary reads what has come in the meantime. */
  hear(): void {
    this.unheard = false
    for (const arrive of this.#unheard.splice(0)) arrive()
  }

  /** The process is gone. */
  exit(): void {
    this.connected = false
    this.desk.disconnected()
    this.desk.exited()
  }
}

/** A primary, whose workers are made by the function. */
function primary(serialization: keyof typeof serializations = 'json'): () => FakeWorker {
  const exchanges = new Map<string, MemoryExchange>()
  const exchangeOf = (prefix: string) => {
    const exchange = exchanges.get(prefix) ?? new MemoryExchange(clock)
    exchanges.set(prefix, exchange)
    return exchange
  }
  return () => new FakeWorker(exchangeOf, serialization)
}

for (const serialization of ['json', 'advanced'] as const) {
  describe(`the broker of a worker, over a channel of ${serialization} messages`, () => {
    const fork = primary(serialization)
    const workers = [fork(), fork()] as const
    let turn = 0
    const create = (prefix: string) => createWorkerBroker(prefix, workers[turn++ % 2 === 0 ? 0 : 1])
    for (const { title, run } of brokerSuite(create)) it.concurrent(title, run, 30_000)
  })
}

const news: Place = { appId: 'app', channel: 'news' }
const holding = { subscriptions: 1, add: [], remove: [], limit: 0, counted: true, settled: true, keep: 0 }

/** Opens a broker of the worker; resolves, with what it reports, when it is connected. */
async function connected(channel: Channel): Promise<{ broker: Broker; heard: string[] }> {
  const broker = createWorkerBroker('prefix', channel)
  const heard = heardBy(broker)
  await eventually(() => heard).toEqual(['connected'])
  return { broker, heard }
}

function heardBy(broker: Broker): string[] {
  const heard: string[] = []
  broker.open({
    connected: () => heard.push('connected'),
    disconnected: (reason) => heard.push(reason),
    message: (road) => heard.push(road),
    changed: (_, { subscriptions }) => heard.push(`news: ${subscriptions}`),
  })
  return heard
}

describe('the broker of a worker', () => {
  it('is refused to a process that is none', () => {
    const channel: Channel = { ppid: 1, on() {}, off() {} }
    expect(() => createWorkerBroker('prefix', channel)).toThrow('reverb start --workers')
  })

  it('has what another worker held leave at once when its process has ended', async () => {
    const fork = primary()
    const worker = fork()
    const { broker: survivor, heard } = await connected(fork())
    const { ledger } = (await connected(worker)).broker
    await survivor.ledger.watch([news])
    await ledger.renew('dead.1', 60_000, true)
    await ledger.renew('dead.2', 60_000, true)
    for (const life of ['dead.1', 'dead.2']) await ledger.hold(life, news, holding, 0)
    worker.exit()
    await eventually(() => heard).toEqual(['connected', 'news: 1', 'news: 2', 'news: 1', 'news: 0'])
    expect(await survivor.ledger.renew('alive.1', 60_000, true)).toMatchObject({ expired: [], alive: 1 })
  })

  it('gets nothing of what an ended process has still said', async () => {
    const fork = primary()
    const worker = fork()
    const { broker: survivor } = await connected(fork())
    const { broker } = await connected(worker)
    void broker.ledger.renew('dead.1', 60_000, true).catch(() => {})
    worker.exit()
    await survivor.ledger.state(news)
    await survivor.ledger.state(news)
    expect(await survivor.ledger.renew('alive.1', 60_000, true)).toMatchObject({ expired: [], alive: 1 })
    await broker.close()
  })

  it('says what is wrong when the primary does not answer, and goes on asking', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => {
      vi.useRealTimers()
    })
    const said: object[] = []
    const channel = Object.assign(new EventEmitter(), {
      ppid: 1,
      send: (message: object) => said.push(message) > 0,
    })
    const broker = createWorkerBroker('prefix', channel)
    const heard = heardBy(broker)
    await vi.advanceTimersByTimeAsync(7_000)
    expect(heard).toEqual([expect.stringContaining('setupPrimary()')])
    await expect(broker.ledger.state(news)).rejects.toThrow('no connection')
    expect(said.length).toBeGreaterThan(2)
    await broker.close()
    expect(vi.getTimerCount()).toBe(0)
    expect(channel.eventNames()).toEqual([])
  })

  it('is disconnected for good when the primary has gone', async () => {
    const worker = primary()()
    const { broker, heard } = await connected(worker)
    const asked = broker.ledger.state(news)
    worker.connected = false
    worker.emit('disconnect')
    await expect(asked).rejects.toThrow('has gone')
    broker.reset()
    expect(heard).toEqual(['connected', 'The primary process has gone'])
  })

  it('does not let a worker that does not read fill the memory of the primary', async () => {
    const fork = primary('advanced')
    const frozen = fork()
    const { broker, heard } = await connected(frozen)
    const { broker: sender } = await connected(fork())
    await broker.roads.subscribe(['road'])
    frozen.frozen = true
    const message = Buffer.alloc(1024 * 1024)
    for (let count = 0; count < 100; count++) await sender.roads.send('road', message)
    expect(frozen.unread).toBeLessThan(70)
    frozen.thaw()
    await eventually(() => heard.slice(-2)).toEqual([expect.stringContaining('did not listen'), 'connected'])
  })

  it('is not answered, nor obeyed, where it has given up a question before a frozen primary reads it', async () => {
    const worker = primary()()
    const { broker, heard } = await connected(worker)
    const { ledger } = broker
    await ledger.renew('node.1', 60_000, true)
    worker.unheard = true
    const asked = ledger.hold('node.1', news, holding, 0)
    await nextTurn()
    broker.reset()
    await expect(asked).rejects.toThrow('reset')
    await nextTurn()
    worker.hear()
    await eventually(() => heard.at(-1)).toBe('connected')
    // Said for the first time: so somebody learns that the channel was vacant before.
    expect(await ledger.hold('node.1', news, holding, 0)).toMatchObject({ occupied: true })
  })

  it('leaves the messages of the application alone, as they leave it', async () => {
    const worker = primary()()
    const { broker } = await connected(worker)
    for (const message of ['text', null, 7, { cmd: 'mine' }, []]) {
      worker.desk.receive(message)
      worker.emit('message', message)
    }
    expect(await broker.ledger.connections('app')).toBe(0)
  })
})

import cluster, { type Worker } from 'node:cluster'
import { MemoryExchange } from '../../cluster/memory-exchange.ts'
import { Desk } from './desk.ts'
import type { SendMessage } from './line.ts'

const clock = () => performance.timeOrigin + performance.now()

let isSetUp = false

/**
 * Makes the primary process of `node:cluster` the broker of its workers, for servers with the scaling driver `cluster`.
 * Called once, before or after the first fork; every other call changes nothing.
 */
export function setupPrimary(): void {
  if (isSetUp) return
  isSetUp = true
  const exchanges = new Map<string, MemoryExchange>()
  const exchangeOf = (prefix: string) => {
    const exchange = exchanges.get(prefix) ?? new MemoryExchange(clock)
    exchanges.set(prefix, exchange)
    return exchange
  }
  const desks = new WeakMap<Worker, Desk>()
  const deskOf = (worker: Worker) => {
    const send: SendMessage = (message, sent) => void worker.process.send(message, sent)
    const desk = desks.get(worker) ?? new Desk(exchangeOf, send)
    desks.set(worker, desk)
    return desk
  }
  cluster.on('message', (worker, message: unknown) => deskOf(worker).receive(message))
  cluster.on('disconnect', (worker) => deskOf(worker).disconnected())
  cluster.on('exit', (worker) => deskOf(worker).exited())
}

import { connect, createServer } from 'node:net'
import { onTestFinished } from 'vitest'
import { listen } from './host.ts'
import { send } from './http.ts'

/** A balancer as people have one: TCP only, in turn to those that say they are ready; it asks them ten times a second. */
export async function startBalancer(ports: readonly number[]): Promise<{ readonly port: number }> {
  const ready = new Set(ports)
  let turn = 0
  const server = createServer((inward) => {
    const candidates = [...ready]
    const port = candidates[turn++ % candidates.length]
    if (port === undefined) return void inward.destroy()
    const outward = connect(port, '127.0.0.1')
    for (const [from, to] of [
      [inward, outward],
      [outward, inward],
    ] as const) {
      from.on('error', () => {})
      from.on('close', () => to.destroy())
      from.pipe(to)
    }
  })
  const check = async (port: number) => {
    const isReady = await send({ port, path: '/ready' }).then(
      ({ status }) => status === 200,
      () => false,
    )
    if (isReady) ready.add(port)
    else ready.delete(port)
  }
  const timer = setInterval(() => {
    for (const port of ports) void check(port)
  }, 100)
  onTestFinished(() => clearInterval(timer))
  return { port: await listen(server) }
}

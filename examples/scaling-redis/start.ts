// Redis, two nodes, a balancer before them, and two visitors who show that the nodes are one.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { isReady, startBalancer } from './balancer.ts'
import { startRedis } from './redis.ts'
import { Visitor } from './visitor.ts'

interface Node {
  readonly name: string
  readonly url: URL
  readonly process: ChildProcess
}

/** What is undone when it ends, the last first. */
const undo: (() => unknown)[] = []
let ending = false

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, end)

try {
  await show()
} catch (error) {
  // What is under way when Ctrl-C comes fails, and nobody minds.
  if (!ending) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
    await end()
  }
}

async function show() {
  const redis = await startRedis()
  undo.push(() => redis.stop())
  const one = await startNode('one', redis.url)
  const two = await startNode('two', redis.url)
  const balancer = await startBalancer(Number(process.env['PORT'] ?? 4545), [one.url, two.url])
  undo.push(() => balancer.close())

  console.log(`Redis     ${masked(redis.url)}${redis.isOurs ? ', of our own' : ''}`)
  for (const { name, url, process } of [one, two]) {
    console.log(`Node ${name}  ${url.origin}, process ${process.pid}`)
  }
  console.log(`Balancer  ${balancer.url}, to both in turn`)

  console.log('\nAnn enters at node one, Bob at node two:')
  const [ann, bob] = [new Visitor('Ann', one.url, console.log), new Visitor('Bob', two.url, console.log)]
  undo.push(
    () => ann.leave(),
    () => bob.leave(),
  )
  await ann.enter()
  await bob.enter()
  for (const { name, url } of [one, two]) {
    console.log(`An order is placed at node ${name}:`)
    const heard = Promise.all([ann.order(), bob.order()])
    await fetch(new URL('/orders', url), { method: 'POST' })
    await heard
  }

  console.log(`
Now you:
  open ${balancer.url} in two windows and place orders; each window is on some node
  curl -X POST ${balancer.url}/orders
  kill ${two.process.pid}      node two says goodbye: its windows move to node one, and nobody sees them go;
                 Bob, who knows no other node, goes after some 3 s
  kill -9 ${two.process.pid}   node two dies: its windows come back on node one; Bob goes after some 10 s
Ctrl-C ends everything.
`)
}

/** Starts one node and resolves when it has joined the others. */
async function startNode(name: string, redisUrl: string): Promise<Node> {
  const settings = { REVERB_SCALING_DRIVER: 'redis', REDIS_URL: redisUrl, REVERB_NODE_ID: name, PORT: '0' }
  // In a group of its own, like Redis: Ctrl-C is for us.
  const child = fork(new URL('./node.ts', import.meta.url), {
    env: { ...process.env, ...settings },
    detached: true,
  })
  const ended = once(child, 'exit')
  undo.push(async () => {
    child.kill('SIGTERM')
    await ended
  })
  const address = await Promise.race([once(child, 'message'), ended.then(() => undefined)])
  if (address === undefined) throw new Error(`Node ${name} does not start`)
  child.once('exit', () => ending || console.log(`Node ${name} has ended.`))
  const url = new URL(String(address[0]))
  while (!(await isReady(url))) await new Promise((resolve) => setTimeout(resolve, 50))
  return { name, url, process: child }
}

async function end() {
  if (ending) return
  ending = true
  for (const step of undo.reverse()) await step()
  console.log('Everything has ended.')
}

function masked(address: string): string {
  const url = new URL(address)
  if (url.password !== '') url.password = '***'
  return url.href
}

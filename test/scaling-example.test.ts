import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { ensureBuilt, root } from './support/built.ts'
import { listen } from './support/host.ts'
import { createPusher, received } from './support/official-clients.ts'

beforeAll(ensureBuilt, 120_000)

/** Starts examples/scaling-redis as `npm run demo:scaling` does, on free ports, its leases shorter. */
function startExample(port = 0) {
  const child = spawn(process.execPath, ['--import', 'tsx', 'examples/scaling-redis/start.ts'], {
    cwd: root,
    env: { PATH: process.env['PATH'], PORT: String(port), REVERB_NODE_TTL: '2' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let printed = ''
  child.stdout.on('data', (part) => {
    printed += part
  })
  const ended = once(child, 'close')
  const stopped = ended.then(() => Promise.reject(new Error(`The example has ended:\n${printed}`)))
  stopped.catch(() => {})
  onTestFinished(async () => {
    // What it has started ends with it: were it killed, Redis would stay.
    child.kill('SIGINT')
    await ended
  })
  return {
    printed: () => printed,
    /** Resolves to the exit code. */
    code: ended.then(([code]) => Number(code)),
    /** What stands in the parentheses of a pattern, once it has been printed. */
    async found(pattern: RegExp): Promise<string> {
      while (!pattern.test(printed)) await Promise.race([once(child.stdout, 'data'), stopped])
      return pattern.exec(printed)?.[1] ?? ''
    },
    /** Does what Ctrl-C does; resolves to the exit code. */
    async interrupt(): Promise<unknown> {
      child.kill('SIGINT')
      return (await ended)[0]
    },
  }
}

describe('examples/scaling-redis', () => {
  it('shows that two nodes are one server, goes on with one of them, and ends what it has started', {
    timeout: 60_000,
  }, async () => {
    const example = startExample()
    await example.found(/Ctrl-C ends everything/)
    const lines = example.printed().split('\n')
    const [ann, bob] = ['Ann', 'Bob'].map((name) => lines.filter((line) => line.startsWith(`  ${name} `)))
    const orders = ['hears OrderPlaced {"node":"one"}', 'hears OrderPlaced {"node":"two"}']
    expect(ann).toEqual(['sees Ann', 'sees Bob come', ...orders].map((line) => `  Ann ${line}`))
    expect(bob).toEqual(['sees Ann and Bob', ...orders].map((line) => `  Bob ${line}`))

    const balancer = new URL(await example.found(/^Balancer +(http:\S+), /m))
    const guest = createPusher(Number(balancer.port), {
      key: 'local',
      wsPath: '/reverb',
      channelAuthorization: {
        endpoint: String(new URL('/broadcasting/auth', balancer)),
        transport: 'ajax',
        headers: { 'x-name': 'Guest' },
      },
    })
    const page = await (await fetch(balancer)).text()
    expect(page).toContain('Two nodes, one shop')
    expect(await received(guest.subscribe('presence-shop'), 'pusher:subscription_succeeded')).toMatchObject({
      count: 3,
    })
    await example.found(/Bob sees Guest come/)

    process.kill(Number(await example.found(/^Node two .*process (\d+)/m)), 'SIGKILL')
    await example.found(/Ann sees Bob go/)
    expect(example.printed()).not.toContain('Ann sees Guest go')
    await received(guest.subscribe('orders'), 'pusher:subscription_succeeded')
    const heard = received(guest.channel('orders'), 'OrderPlaced')
    expect(await (await fetch(new URL('/orders', balancer), { method: 'POST' })).json()).toMatchObject({
      node: 'one',
    })
    expect(await heard).toEqual({ node: 'one' })

    guest.disconnect()
    expect(await example.interrupt()).toBe(0)
    expect(example.printed()).toMatch(/Everything has ended\.\n$/)
    const redis = new URL(await example.found(/^Redis +(redis:\S+), of our own/m))
    for (const { port } of [redis, balancer]) {
      await expect(once(connect(Number(port), '127.0.0.1'), 'connect')).rejects.toThrow('ECONNREFUSED')
    }
  })

  it('ends what it has started, and itself with 1, when the port of the balancer is in use', {
    timeout: 60_000,
  }, async () => {
    const example = startExample(await listen(createServer()))
    expect(await example.code).toBe(1)
    expect(example.printed()).toMatch(/Everything has ended\.\n$/)
  })
})

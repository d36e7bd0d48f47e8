import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { apiApp } from './support/api.ts'
import { ensureBuilt, root } from './support/built.ts'
import { listen } from './support/host.ts'
import { startServer } from './support/server.ts'

// Programs in processes of their own, with the package as its users have it and none of this process's settings.

const execute = promisify(execFile)

beforeAll(ensureBuilt, 60_000)

interface Result {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

async function run(script: string, env: Record<string, string> = {}, args: string[] = []): Promise<Result> {
  const options = { cwd: root, env: { PATH: process.env['PATH'], ...env } }
  try {
    const all = [...args, '--input-type=module', '-e', script]
    return { code: 0, ...(await execute(process.execPath, all, options)) }
  } catch (error) {
    // What execFile rejects with when the process fails.
    return error as Result
  }
}

/** A folder with these files, below `routes/` too. */
async function folderWith(files: Record<string, string>): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'script-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  await mkdir(join(folder, 'routes'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}

const orderShipped = `
  import { BroadcastEvent, Channel, broadcast } from '@startkit/broadcasting'
  class OrderShipped extends BroadcastEvent {
    constructor(order_id) { super(); Object.assign(this, { order_id, status: 'shipped' }) }
    broadcastOn() { return new Channel('orders.' + this.order_id) }
  }`

/** For several processes one after the other, some of which compile TypeScript. */
const patience = { timeout: 60_000 }

describe('A script without an application', patience, () => {
  it('prints the line of the seed with nothing configured', async () => {
    const { code, stdout, stderr } = await run(`${orderShipped}\nawait broadcast(new OrderShipped(1))`)
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: '[Broadcast] channel=orders.1 event=OrderShipped data={"order_id":1,"status":"shipped"}\n',
      stderr: '',
    })
  })

  it('sends without await, and survives a failure that nobody awaits', async () => {
    const { code, stdout } = await run(`${orderShipped}
      broadcast(new OrderShipped(1))
      broadcast(new OrderShipped(2n)).toOthers('1.2')
      process.on('exit', () => console.log('still here'))`)
    expect(code).toBe(0)
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(/^\[Broadcast\] channel=orders\.1 /),
      expect.stringMatching(/^error: .*"order_id" is a BigInt/),
      'still here',
      '',
    ])
  })

  it('sends over HTTP with driver reverb, and is told what to do where nobody answers', async () => {
    const env = { BROADCAST_DRIVER: 'reverb', REVERB_PUBLIC_PORT: '1' }
    const { code, stdout, stderr } = await run(`${orderShipped}\nawait broadcast(new OrderShipped(1))`, env)
    expect(code).toBe(1)
    expect(stdout).toBe('Driver reverb sends over HTTP to http://127.0.0.1:1\n')
    expect(stderr).toContain('BroadcastError: Driver "reverb": http://127.0.0.1:1 refuses connections')
    expect(stderr).toContain('REVERB_PUBLIC_PORT')
  })

  it('reaches the server of another process with driver reverb, and ends by itself', async () => {
    const { port, server } = await startServer()
    const { id, key, secret } = apiApp
    const { code, stdout } = await run(
      `${orderShipped}
      const { channels } = await broadcast(new OrderShipped(1))
      console.log(JSON.stringify(channels))`,
      {
        BROADCAST_DRIVER: 'reverb',
        REVERB_PUBLIC_PORT: String(port),
        REVERB_APP_ID: id,
        REVERB_APP_KEY: key,
        REVERB_APP_SECRET: secret,
      },
    )
    expect(code).toBe(0)
    expect(stdout.split('\n')).toEqual([
      `Driver reverb sends over HTTP to http://127.0.0.1:${port}`,
      '[{"subscriptions":0,"name":"orders.1"}]',
      '',
    ])
    expect(server.counters['eventsPublished']).toBe(1)
  })

  it('writes JSON where the environment wants it', async () => {
    const env = { REVERB_LOG_FORMAT: 'json' }
    const { stdout } = await run(`${orderShipped}\nawait broadcast(new OrderShipped(1))`, env)
    expect(JSON.parse(stdout)).toMatchObject({
      name: 'reverb',
      msg: '[Broadcast] channel=orders.1 event=OrderShipped data={"order_id":1,"status":"shipped"}',
    })
  })
})

describe('An application', patience, () => {
  const boot = (basePath: string) => `
    import { Application, ReverbProvider, broadcast, BroadcastEvent } from '@startkit/broadcasting'
    const app = new Application({ basePath: ${JSON.stringify(basePath)}, providers: [ReverbProvider] })
    await app.boot()
    console.log(app.make('broadcasting').configOf().driver, app.make('broadcasting').authorizer.patterns.length)
    await app.shutdown()`
  const door = pathToFileURL(join(root, 'dist/index.js')).href
  const rules = `import { Broadcast } from ${JSON.stringify(door)}
    Broadcast.channel('orders.{id}', () => true)`

  it('reads .env, which overrides nothing', async () => {
    const folder = await folderWith({ '.env': 'BROADCAST_DRIVER=null\n' })
    expect((await run(boot(folder))).stdout).toBe('null 0\n')
    expect((await run(boot(folder), { BROADCAST_DRIVER: 'log' })).stdout).toBe('log 0\n')
  })

  it('lets routes/channels.js register its rules', async () => {
    const folder = await folderWith({ 'routes/channels.js': rules, 'package.json': '{"type":"module"}' })
    expect((await run(boot(folder))).stdout).toBe('log 1\n')
  })

  it.each([
    ['js', 'module', rules, []],
    ['js', 'commonjs', rules.replace(/import (.*) from (.*)/, 'const $1 = require($2.slice(7))'), []],
    ['mjs', 'module', `import './slow.mjs'\n${rules}`, []],
    ['ts', 'module', `${rules}\nexport const typed: number = 1`, ['--import', 'tsx']],
  ])(
    'beside another one has the rules of routes/channels.%s too, a %s',
    async (extension, type, file, args) => {
      const files = {
        [`routes/channels.${extension}`]: file,
        'routes/slow.mjs': 'await new Promise((resolve) => setTimeout(resolve, 20))',
        'package.json': JSON.stringify({ type }),
      }
      const folder = await folderWith(files)
      const script = `
      import { Application, ReverbProvider } from '@startkit/broadcasting'
      const options = { basePath: ${JSON.stringify(folder)}, providers: [ReverbProvider] }
      const apps = [new Application(options), new Application(options)]
      await Promise.all(apps.map((app) => app.boot()))
      console.log(apps.map((app) => app.make('broadcasting').authorizer.patterns.join()).join(' '))`
      expect(await run(script, {}, args)).toMatchObject({ stdout: 'orders.{id} orders.{id}\n' })
    },
  )

  it('imports routes/channels.ts where Node or its loader can, and otherwise says so', async () => {
    const folder = await folderWith({
      'routes/channels.ts': `${rules}\nexport const typed: number = 1`,
      'package.json': '{"type":"module"}',
    })
    const withLoader = await run(boot(folder), {}, ['--import', 'tsx'])
    expect(withLoader.stdout).toBe('log 1\n')
    const plain = await run(boot(folder))
    if ('typescript' in process.features && process.features.typescript) expect(plain.stdout).toBe('log 1\n')
    else
      expect(plain.stderr).toMatch(
        /routes\/channels\.ts cannot be loaded: Node \S+ does not import TypeScript/,
      )
  })

  it('ends by itself after shutdown, with a server on a port of its own', async () => {
    const folder = await folderWith({})
    const env = { BROADCAST_DRIVER: 'reverb', REVERB_HOST: '127.0.0.1', REVERB_PORT: '0' }
    const { code, stdout } = await run(boot(folder), env)
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /^Driver reverb sends in this process\nReverb listens on http:\/\/127\.0\.0\.1:\d+\nreverb 0\n$/,
    )
  })
})

describe('The demo', patience, () => {
  it('says that its port is in use, and ends with 1', async () => {
    const PORT = String(await listen(createServer()))
    const { code, stderr } = await run(`import './examples/orders/server.ts'`, { PORT }, ['--import', 'tsx'])
    expect(stderr.split('\n')).toContain(`Port ${PORT} is in use. Choose another one: PORT=4546 npm run demo`)
    expect(stderr).not.toContain('EADDRINUSE')
    expect(code).toBe(1)
  })
})

import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { ProtocolClient } from '../src/testing/index.ts'
import { ensureBuilt, root } from './support/built.ts'
import { snippetsOf, writeSnippets } from './support/snippets.ts'

const run = promisify(execFile)
const bin = (name: string) => path.join(root, 'node_modules/.bin', name)
const env = { PATH: process.env['PATH'] }

const pages = ['README.md', 'docs/guide.md', 'docs/scaling.md']

/** One folder for each page that shows code. */
const folders = new Map<string, string>()

beforeAll(async () => {
  ensureBuilt()
  for (const page of pages) {
    folders.set(page, await writeSnippets(`snippets-${path.basename(page, '.md')}`, await snippetsOf(page)))
  }
}, 60_000)

describe('The code of the pages', () => {
  it.each(pages)(
    '%s compiles as it stands',
    async (page) => {
      const compiled = run(bin('tsc'), ['-p', folders.get(page) ?? ''], { cwd: root })
      await expect(compiled.catch(({ stdout }) => Promise.reject(stdout))).resolves.toMatchObject({
        stdout: '',
      })
    },
    60_000,
  )

  it('hello.ts of the README prints the line that the README shows, with nothing configured', async () => {
    const file = path.join(folders.get('README.md') ?? '', 'hello.ts')
    const { stdout } = await run(bin('tsx'), [file], { env })
    expect(stdout).toBe(
      '[Broadcast] channel=orders.1 event=OrderShipped data={"order_id":1,"status":"shipped"}\n',
    )
  })

  it('server.ts of the README brings an order to the browser that may see it', async () => {
    const child = spawn(process.execPath, ['--import', 'tsx', 'server.ts'], {
      cwd: folders.get('README.md'),
      env: { ...env, PORT: '0' },
    })
    onTestFinished(async () => {
      child.kill('SIGKILL')
      await once(child, 'close')
    })
    const address = await firstLine(child.stdout, /^http:\S+$/)

    const { key, options } = await (await fetch(`${address}/broadcasting.json`)).json()
    const client = await ProtocolClient.connect(
      `ws://${options.wsHost}:${options.wsPort}${options.wsPath}/app/${key}`,
      { timeout: 10 },
    )
    const claim = new URLSearchParams({ socket_id: client.socketId, channel_name: 'private-orders.71' })
    const ask = (cookie: string) =>
      fetch(`${address}/broadcasting/auth`, { method: 'POST', body: claim, headers: { cookie } })
    expect((await ask('user=8')).status).toBe(403)
    const { auth } = await (await ask('user=7')).json()
    await client.subscribe('private-orders.71', { auth })

    const ship = (socketId: string) =>
      fetch(`${address}/orders/71/ship`, { method: 'POST', headers: { 'x-socket-id': socketId } })
    expect(await (await ship('1.1')).json()).toMatchObject({ channels: [{ recipients: 1 }] })
    expect((await client.next('OrderShipped')).data).toBe('{"order_id":71,"status":"shipped"}')
    expect(await (await ship(client.socketId)).json()).toMatchObject({ channels: [{ recipients: 0 }] })
  }, 30_000)
})

/** Resolves with the first line of a process that looks like this. */
async function firstLine(stream: Readable, pattern: RegExp): Promise<string> {
  for await (const line of createInterface(stream)) if (pattern.test(line)) return line
  throw new Error(`The process has ended without a line such as ${pattern}`)
}

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { onTestFinished } from 'vitest'
import { ensureBuilt, root } from './built.ts'

const { NODE_ENV: _test, ...env } = process.env

/** Builds the package, where it is not built yet, and the page of examples/orders. */
export function buildShop(): void {
  ensureBuilt()
  const vite = path.join(root, 'node_modules/vite/bin/vite.js')
  const build = [vite, 'build', 'examples/orders', '--logLevel', 'warn']
  execFileSync(process.execPath, build, { cwd: root, env, stdio: 'inherit' })
}

/** The server of examples/orders in a process of its own; whoever opens it closes it. */
export class Shop {
  readonly url: string
  readonly #process: ChildProcess
  readonly #exit: Promise<[code: number | null, signal: string | null]>

  private constructor(process: ChildProcess, url: string) {
    this.url = url
    this.#process = process
    // What Node gives with the event.
    this.#exit = once(process, 'exit') as Promise<[number | null, string | null]>
  }

  /** Resolves when the shop has printed its address. */
  static async open(PORT = '0'): Promise<Shop> {
    const child = spawn(process.execPath, ['--import', 'tsx', 'examples/orders/server.ts'], {
      cwd: root,
      env: { ...env, PORT },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    for await (const line of createInterface({ input: child.stdout })) {
      const url = /http:\/\/\S+/.exec(line)?.[0]
      if (url !== undefined) return new Shop(child, url)
    }
    throw new Error('The shop ended before it printed an address')
  }

  get port(): string {
    return new URL(this.url).port
  }

  /** Does what Ctrl-C does; resolves to the exit code and the signal that ended the process, one of them null. */
  close(): Promise<[code: number | null, signal: string | null]> {
    this.#process.kill('SIGINT')
    return this.#exit
  }
}

/** A browser window of its own, closed after the test; `problems` has what its console and its network complain of. */
export async function openWindow(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<{ page: Page; problems: string[] }> {
  const context = await browser.newContext(options)
  onTestFinished(() => context.close())
  context.setDefaultTimeout(30_000)
  const page = await context.newPage()
  const problems: string[] = []
  const { host } = new URL(url)
  const expectOwn = (address: string) => {
    if (new URL(address).host !== host) problems.push(`asks elsewhere: ${address}`)
  }
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) problems.push(`console: ${message.text()}`)
  })
  page.on('pageerror', (error) => problems.push(`throws: ${error}`))
  page.on('request', (request) => expectOwn(request.url()))
  page.on('websocket', (socket) => expectOwn(socket.url()))
  await page.goto(url)
  return { page, problems }
}

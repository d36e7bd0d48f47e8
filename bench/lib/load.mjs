import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { startChild } from './children.mjs'
import { program } from './programs.mjs'

/**
 * Options of wsload, by their names; `true` for those without a value. README.md lists them.
 * @typedef {Readonly<Record<string, string | number | boolean>>} LoadOptions
 */

/**
 * What wsload prints, as far as it is used here.
 * @typedef {object} Report
 * @property {number} seconds
 * @property {number} events
 * @property {number} per_s events per second
 * @property {{ p50: number, p99: number, max: number }} lat_us from publishing to delivery
 * @property {{ us_per_event: number, busy: number }} server_cpu
 * @property {number} client_busy
 * @property {number} machine_busy
 * @property {{ start: number, ready: number, end: number, per_conn: number }} rss_kb of the server
 * @property {number} http_errors
 */

/**
 * Runs wsload against a server; resolves when its clients are gone.
 * @param {import('./server.mjs').Server} server
 * @param {LoadOptions} options
 * @returns {Promise<Report>}
 */
export async function load(server, options) {
  const before = server.clients
  const child = start(server, options)
  const [output, [code]] = await Promise.all([child.stdout && text(child.stdout), once(child, 'exit')])
  const call = child.spawnargs.join(' ')
  if (code !== 0) throw new Error(`${call} has ended with exit code ${code}: ${output}`)
  const report = JSON.parse(output ?? '')
  if (report.http_errors > 0) throw new Error(`${call}: ${report.http_errors} requests failed`)
  await server.vacated(before)
  return report
}

/**
 * The same in the background, for as long as it is needed and an hour at most; resolves when all clients are subscribed.
 * @param {import('./server.mjs').Server} server
 * @param {LoadOptions & { readonly conns: number }} options
 */
export async function inBackground(server, options) {
  const before = server.clients
  const child = start(server, { duration: 3600, hold: 3600, ...options })
  child.once('exit', (code) => child.emit('error', new Error(`wsload has ended with exit code ${code}`)))
  await server.occupied(before + options.conns)
  // Connected is not subscribed yet.
  await delay(1000)
  return {
    async stop() {
      child.removeAllListeners('exit').kill()
      await server.vacated(before)
    },
  }
}

/**
 * @param {import('./server.mjs').Server} server
 * @param {LoadOptions} options
 */
function start({ port, pid }, options) {
  /** @type {LoadOptions} */
  const all = { port, pids: pid, ...options }
  const parameters = Object.entries(all).flatMap(([name, value]) =>
    value === true ? [`--${name}`] : [`--${name}`, String(value)],
  )
  return startChild([program('wsload'), ...parameters], { stdio: ['ignore', 'pipe', 'inherit'] })
}

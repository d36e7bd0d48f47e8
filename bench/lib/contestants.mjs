import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { root } from '../../scripts/lib/run.mjs'
import { program } from './programs.mjs'

/**
 * A server that takes part: what it is called in the tables, and how it is started.
 * @typedef {object} Contestant
 * @property {string} name
 * @property {(port: number) => readonly string[]} command
 * @property {Readonly<Record<string, string>>} [env]
 * @property {boolean} [tellsReady] whether it says at `/ready` when it is
 */

/** The app that wsload publishes to and signs for; the yardsticks do not look at it. */
export const app = { id: 'app-id', key: 'app-key', secret: 'app-secret' }

const credentials = {
  REVERB_APP_ID: app.id,
  REVERB_APP_KEY: app.key,
  REVERB_APP_SECRET: app.secret,
}

const cli = path.join(root, 'dist/cli/main.js')

/** One system call for each subscriber and event. */
export const csrvSend = csrv('send')

/** The events of a turn merged. */
export const csrvCoalesce = csrv('coalesce')

/** One frame per event, one `socket.write` for each subscriber. */
export const raw = nodesrv('raw')

/** One `ws.send` for each subscriber. */
export const send = nodesrv('send')

/** Verifies a request to publish, and answers. */
export const naiveHttp = script('naive http', import.meta.resolve('../yardsticks/naive-http.mjs'))

/** `reverb start` with its default settings. */
export const ours = reverb()

/**
 * @param {object} [changes]
 * @param {string} [changes.name]
 * @param {string} [changes.node] the program, where it is not the Node that runs the bench
 * @param {string} [changes.main] the script, where it is not that of the package
 * @param {readonly string[]} [changes.flags] of Node
 * @param {Readonly<Record<string, string>>} [changes.env]
 * @returns {Contestant}
 */
export function reverb({ name = 'ours', node = process.execPath, main = cli, flags = [], env = {} } = {}) {
  return {
    name,
    command: (port) => [node, ...flags, main, 'start', '--host', '127.0.0.1', '--port', String(port)],
    env: { ...credentials, ...env },
    tellsReady: true,
  }
}

/**
 * A server of this folder, in Node.
 * @param {string} name
 * @param {string} url of the script
 * @param {readonly string[]} parameters behind the port
 * @returns {Contestant}
 */
export function script(name, url, ...parameters) {
  const command = [process.execPath, fileURLToPath(url)]
  return { name, command: (port) => [...command, String(port), ...parameters] }
}

/** @param {'raw' | 'send'} mode */
function nodesrv(mode) {
  return script(mode, import.meta.resolve('../yardsticks/nodesrv.mjs'), mode)
}

/**
 * @param {'send' | 'coalesce'} mode
 * @returns {Contestant}
 */
function csrv(mode) {
  return { name: `csrv ${mode}`, command: (port) => [program('csrv'), String(port), mode] }
}

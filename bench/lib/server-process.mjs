import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { pinServer } from './cores.mjs'

// A server sends numbers to its parent: first the port it listens on, then its CPU time whenever it is asked.

/**
 * A server in a process of its own.
 * @typedef {object} ServerProcess
 * @property {number} port
 * @property {() => Promise<number>} cpu microseconds of user and system time it has used so far
 */

/**
 * Starts one of the servers of this folder; it ends with this process, and this process fails with it.
 * @param {string} script
 * @returns {Promise<ServerProcess>}
 */
export async function startServer(script) {
  const [program = '', ...parameters] = [
    ...pinServer,
    process.execPath,
    path.join(import.meta.dirname, '..', script),
  ]
  const child = spawn(program, parameters, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  child.once('exit', (code) => child.emit('error', new Error(`${script} ended with exit code ${code}`)))
  const answer = async () => Number((await once(child, 'message'))[0])
  const port = await answer()
  return {
    port,
    cpu() {
      child.send('cpu')
      return answer()
    },
  }
}

/**
 * The server's half: tells the parent the port and then, whenever it is asked, the CPU time; ends with the parent.
 * @param {number} port
 */
export function reportPort(port) {
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    process.send?.(user + system)
  })
  process.on('disconnect', () => process.exit())
  process.send?.(port)
}

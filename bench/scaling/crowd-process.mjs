import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { startChild } from '../lib/children.mjs'

/**
 * What a crowd does when it is told, with what it is told.
 * @typedef {object} Commands
 * @property {{ port: number, count: number }} connect so many more clients
 * @property {{ each: number, prefix: string }} join every client that many channels of its own
 * @property {{ channel: string }} attend all clients a presence channel, one after the other
 * @property {object} leave all of them, without a word
 */

/** Clients in a process of their own: a process can have only so many open files. */
export class Crowd {
  #child = startChild([process.execPath, fileURLToPath(import.meta.resolve('./crowd.mjs'))], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  }).once('exit', (code) => {
    throw new Error(`The crowd has ended with exit code ${code}`)
  })

  /**
   * Resolves when it is done, to what it has counted.
   * @template {keyof Commands} Command
   * @param {Command} command
   * @param {Commands[Command]} order
   * @returns {Promise<{ bytes: number, roster: number }>} text received by everybody, and the part of it that is rosters
   */
  async tell(command, order) {
    const answer = once(this.#child, 'message')
    this.#child.send({ command, order })
    return (await answer)[0]
  }

  end() {
    this.#child.removeAllListeners('exit').kill()
  }
}

import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { startChild } from './children.mjs'
import { workshop } from './programs.mjs'
import { freePort } from './server.mjs'

/**
 * A real Redis that keeps nothing on disk.
 * @typedef {object} Redis
 * @property {string} url
 * @property {() => Promise<void>} start again on the same port, empty
 * @property {() => Promise<void>} kill
 * @property {() => Promise<void>} stop
 * @property {() => Promise<number>} scripts calls of scripts so far
 */

/**
 * Starts one on a free port.
 * @returns {Promise<Redis>}
 */
export async function startRedis() {
  const port = await freePort()
  /** @type {import('node:child_process').ChildProcess | undefined} */
  let child
  const cli = (/** @type {string[]} */ ...words) =>
    execFileSync('redis-cli', ['-p', String(port), ...words], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
  const redis = {
    url: `redis://127.0.0.1:${port}`,
    async start() {
      const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
      child = startChild(['redis-server', ...options], { cwd: workshop, stdio: 'ignore' })
      while (!answers(cli)) await delay(10)
    },
    async kill() {
      if (child === undefined) return
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      child = undefined
      await ended
    },
    stop: () => redis.kill(),
    async scripts() {
      const found = [...cli('info', 'commandstats').matchAll(/^cmdstat_evalsha:calls=(\d+)/gm)]
      return Number(found[0]?.[1] ?? 0)
    },
  }
  await redis.start()
  return redis
}

/** @param {(...words: string[]) => string} cli */
function answers(cli) {
  try {
    return cli('ping').trim() === 'PONG'
  } catch {
    return false
  }
}

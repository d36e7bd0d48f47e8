import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import path from 'node:path'

/** The package's own folder. */
export const root = path.resolve(import.meta.dirname, '../..')

/** @type {NodeJS.Signals[]} */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * Runs a program of the package or of the machine, its output shown as it comes.
 * Hands signals on to it and resolves to its exit code.
 * @param {readonly string[]} command the program and its parameters
 * @param {NodeJS.ProcessEnv} [env] in addition to the present one
 * @param {string} [folder] where it runs; the package's when there is none
 * @returns {Promise<number>}
 */
export function run([program = '', ...parameters], env, folder = root) {
  const child = spawn(program, parameters, {
    cwd: folder,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, PATH: `${path.join(root, 'node_modules/.bin')}:${process.env['PATH']}`, ...env },
  })
  /** @param {NodeJS.Signals} signal */
  const forward = (signal) => {
    // A terminal has sent Ctrl-C to the whole group already.
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
  }
  for (const signal of signals) process.on(signal, forward)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      for (const name of signals) process.off(name, forward)
      resolve(code ?? 128 + (signal ? constants.signals[signal] : 0))
    })
  })
}

/**
 * Runs one command after the other; the first that fails ends this process with its exit code.
 * @param {(readonly string[])[]} commands
 */
export async function runAll(...commands) {
  for (const command of commands) {
    const code = await run(command)
    if (code !== 0) process.exit(code)
  }
}

import { spawn } from 'node:child_process'

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set()

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})
process.on('SIGINT', () => process.exit(130))
process.on('SIGTERM', () => process.exit(143))

/**
 * Starts a program that ends with this process, whatever ends it.
 * @param {readonly string[]} command the program and its parameters
 * @param {import('node:child_process').SpawnOptions} options
 */
export function startChild([program = '', ...parameters], options) {
  const child = spawn(program, parameters, options)
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

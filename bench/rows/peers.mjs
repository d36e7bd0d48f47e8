import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { script } from '../lib/contestants.mjs'
import { workshop } from '../lib/programs.mjs'
import { compared } from '../lib/row.mjs'

const socketIo = 'socket.io@4.8.4'

/** What one would pick instead. Measured only when it is chosen by name, because npm must bring it first. */
export const peers = [peer('socket.io', 1), peer('socket.io-burst', 16)]

/**
 * @param {string} name
 * @param {number} burst
 * @returns {import('../lib/row.mjs').Row}
 */
function peer(name, burst) {
  const folder = path.join(workshop, 'peers')
  const load = { conns: 1000, payload: 128, burst }
  const { measure } = compared({
    name,
    work: `1000 subscribers, 128 B, ${burst === 1 ? 'one at a time' : `${burst} at once`}`,
    load,
    yardsticks: [
      {
        name: socketIo.replace('@', ' '),
        contestant: script('socket.io', import.meta.resolve('../yardsticks/socket-io.mjs'), folder),
        load: { ...load, socketio: true },
      },
    ],
  })
  return {
    name,
    when: 'named',
    measure(plan) {
      install(folder)
      return measure(plan)
    },
  }
}

/** @param {string} folder */
function install(folder) {
  if (existsSync(path.join(folder, 'node_modules/socket.io'))) return
  const { status, stderr } = spawnSync(
    'npm',
    ['install', '--no-audit', '--no-fund', '--prefix', folder, socketIo],
    { encoding: 'utf8' },
  )
  if (status !== 0) throw new Error(`npm cannot install ${socketIo}: ${stderr}`)
}

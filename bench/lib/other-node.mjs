import { spawnSync } from 'node:child_process'

/**
 * Another version of Node, from npm; undefined where it cannot be had.
 * @param {string} version
 */
export function otherNode(version) {
  const { status, stdout } = spawnSync(
    'npx',
    ['-y', '-p', `node@${version}`, 'node', '-p', 'process.execPath'],
    { encoding: 'utf8' },
  )
  return status === 0 ? stdout.trim() : undefined
}

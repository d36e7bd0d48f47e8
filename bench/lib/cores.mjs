import { spawnSync } from 'node:child_process'

const serverCore = '0'
const ownCore = '1'

/** Whether programs can be bound to a core here: on Linux, with two cores and taskset. */
export const pinned = [serverCore, ownCore].every((core) => taskset('-c', core, 'true'))

/** What to put before the command of a server so that all servers share a core, and nothing else runs there. */
export const pinServer = pinned ? ['taskset', '-c', serverCore] : []

/** Binds this process, all of its threads, to the other core. */
export function pinThisProcess() {
  if (pinned) taskset('-acp', ownCore, String(process.pid))
}

/** @param {string[]} parameters */
function taskset(...parameters) {
  return spawnSync('taskset', parameters).status === 0
}

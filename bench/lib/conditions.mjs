import { cpus, loadavg, release, type } from 'node:os'
import { pinned } from './cores.mjs'

/**
 * What a reader must know of the machine and of the measurement.
 * @param {import('./pairs.mjs').Plan} plan
 */
export function conditions({ pairs, warmup, duration }) {
  const [cpu] = cpus()
  return [
    `${cpus().length} x ${cpu?.model.trim()}, ${type()} ${release()}, Node ${process.versions.node}`,
    pinned ? 'all servers on core 0, the load generator on core 1' : 'cores shared by all',
    `${pairs} rounds of ${duration} s after ${warmup} s of warming up; load average ${loadavg()[0]?.toFixed(2)}`,
  ].join('\n')
}

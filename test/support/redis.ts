import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { freePort, freePorts } from './free-port.ts'

const run = promisify(execFile)

/** A real Redis of a test. */
export interface Redis {
  readonly port: number
  readonly url: string
  /** What `redis-cli` answers. */
  cli(...words: string[]): Promise<string>
  /** Ends the process at once, and with it everything that it knew. */
  kill(): Promise<void>
  /** Starts it again on the same port, empty. */
  start(): Promise<void>
  /** Stops it in the middle of everything, or lets it go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void
}

/** Starts a Redis on a free port, which keeps nothing on disk; whoever starts it kills it. */
export async function startRedis(...options: string[]): Promise<Redis> {
  const port = await freePort()
  const redis = redisOn(port, ['--port', String(port), ...options])
  await redis.start()
  return redis
}

/** The files by which a Redis speaks TLS, in PEM. */
export interface RedisTls {
  /** Of the CA whose clients it trusts, should it ask them for a certificate. */
  readonly caFile: string
  readonly certFile: string
  readonly keyFile: string
}

/** The same, speaking nothing but TLS. */
export async function startTlsRedis(tls: RedisTls, ...options: string[]): Promise<Redis> {
  const port = await freePort()
  const redis = redisOn(port, [...optionsOf(listening(port, tls)), ...options], { tls })
  await redis.start()
  return redis
}

/** A Redis Cluster of three masters, each with a replica; of whatever speaks TLS only, with its files. */
export async function startRedisCluster(tls?: RedisTls): Promise<readonly Redis[]> {
  const ports = await freePorts(12)
  const processes = ports.slice(0, 6).map((port, at) => {
    const own = [...optionsOf(listening(port, tls)), '--cluster-port', String(ports[6 + at])]
    // No replica takes over by itself: a busy machine may keep a master from answering for seconds.
    return redisOn(port, [...own, '--cluster-enabled', 'yes', '--cluster-node-timeout', '20000'], { tls })
  })
  await Promise.all(processes.map((redis) => redis.start()))
  const addresses = processes.map(({ port }) => `127.0.0.1:${port}`)
  const create = ['--cluster', 'create', ...addresses, '--cluster-replicas', '1', '--cluster-yes']
  await run('redis-cli', [...cliOptions(tls), ...create])
  for (const redis of processes) await until(() => redis.cli('cluster', 'info'), /cluster_state:ok/)
  for (const redis of processes) await until(() => redis.cli('role'), /master|connected/)
  return processes
}

/** A master with a replica, and three sentinels that watch over them. */
export interface RedisSentinels {
  readonly name: string
  readonly processes: readonly Redis[]
  readonly sentinels: readonly { readonly host: string; readonly port: number }[]
  /** Has the replica take over; resolves when all sentinels know. */
  failOver(): Promise<void>
}

/** Starts them all, speaking TLS only if they get files for it. */
export async function startSentinels(tls?: RedisTls): Promise<RedisSentinels> {
  const name = 'the-master'
  const start = (...options: string[]) => (tls ? startTlsRedis(tls, ...options) : startRedis(...options))
  const master = await start()
  const replica = await start('--replicaof', '127.0.0.1', String(master.port))
  // A sentinel looks for replicas only every ten seconds: they must be there before it is.
  await until(() => master.cli('info', 'replication'), /connected_slaves:1/)
  const sentinels = await Promise.all(
    (await freePorts(3)).map((port) => startSentinel(port, name, master.port, tls)),
  )
  for (const sentinel of sentinels) {
    await until(() => sentinel.cli('sentinel', 'master', name), /num-slaves\n1\nnum-other-sentinels\n2/)
  }
  const masterOf = (sentinel: Redis) => sentinel.cli('sentinel', 'get-master-addr-by-name', name)
  return {
    name,
    processes: [...sentinels, replica, master],
    sentinels: sentinels.map(({ port }) => ({ host: '127.0.0.1', port })),
    async failOver() {
      const [first] = sentinels
      if (first === undefined) throw new Error('There is no sentinel')
      const before = await masterOf(first)
      await first.cli('sentinel', 'failover', name)
      for (const sentinel of sentinels) {
        await until(async () => String((await masterOf(sentinel)) !== before), /true/)
      }
    },
  }
}

async function startSentinel(
  port: number,
  name: string,
  master: number,
  tls: RedisTls | undefined,
): Promise<Redis> {
  const lines = Object.entries(listening(port, tls)).map((line) => line.join(' '))
  const watched = `sentinel monitor ${name} 127.0.0.1 ${master} 2`
  // As in a cluster, nothing takes over before it is told to.
  const timings = [`sentinel down-after-milliseconds ${name} 20000`, `sentinel failover-timeout ${name} 5000`]
  const configuration = [...lines, watched, ...timings].join('\n')
  const sentinel = redisOn(port, ['sentinel.conf', '--sentinel'], { tls, configuration })
  await sentinel.start()
  return sentinel
}

/** Where a process listens, and how it speaks: with clients, and with its like. */
function listening(port: number, tls: RedisTls | undefined): Readonly<Record<string, string>> {
  if (tls === undefined) return { port: String(port) }
  return {
    port: '0',
    'tls-port': String(port),
    'tls-ca-cert-file': tls.caFile,
    'tls-cert-file': tls.certFile,
    'tls-key-file': tls.keyFile,
    'tls-auth-clients': 'no',
    'tls-replication': 'yes',
    'tls-cluster': 'yes',
  }
}

function optionsOf(settings: Readonly<Record<string, string>>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
}

/** It has to get through to a Redis with a wrong certificate, too. */
function cliOptions(tls: RedisTls | undefined): string[] {
  return tls ? ['--tls', '--insecure', '--cert', tls.certFile, '--key', tls.keyFile] : []
}

function redisOn(
  port: number,
  options: readonly string[],
  { tls, configuration = '' }: { readonly tls?: RedisTls | undefined; readonly configuration?: string } = {},
): Redis {
  let running: ChildProcess | undefined
  let folder = ''
  return {
    port,
    url: `${tls ? 'rediss' : 'redis'}://127.0.0.1:${port}`,
    async cli(...words) {
      return (await run('redis-cli', [...cliOptions(tls), '-p', String(port), ...words])).stdout.trim()
    },
    async kill() {
      const child = running
      running = undefined
      if (child === undefined || child.exitCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
      rmSync(folder, { recursive: true })
    },
    async start() {
      folder = mkdtempSync(path.join(tmpdir(), 'reverb-redis-'))
      writeFileSync(path.join(folder, 'sentinel.conf'), configuration)
      const always = [
        '--bind',
        '127.0.0.1',
        '--save',
        '',
        '--appendonly',
        'no',
        '--repl-diskless-sync-delay',
        '0',
      ]
      const said = options.includes('--sentinel') ? options : [...options, ...always]
      running = spawn('redis-server', said, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
      await ready(running)
    },
    signal(signal) {
      running?.kill(signal)
    },
  }
}

/** Resolves when the process says that it answers. */
async function ready(child: ChildProcess): Promise<void> {
  let said = ''
  await new Promise<void>((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', () => reject(new Error(`redis-server has ended:\n${said}`)))
    child.stdout?.on('data', (chunk) => {
      said += chunk
      if (/Ready to accept connections|Sentinel ID is/.test(said)) resolve()
    })
  })
}

/** Asks again until the answer matches. */
async function until(ask: () => Promise<string>, expected: RegExp): Promise<void> {
  const begun = performance.now()
  let answer = ''
  while (!expected.test(answer)) {
    if (performance.now() - begun > 30_000) throw new Error(`Still not ${expected}:\n${answer}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
    answer = await ask()
  }
}

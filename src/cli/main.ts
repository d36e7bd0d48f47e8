#!/usr/bin/env node
import cluster from 'node:cluster'
import { Command, InvalidArgumentError } from 'commander'
import { broadcastingSettings } from '../broadcasting/config.ts'
import { httpSettings } from '../broadcasting/http/settings.ts'
import { addressSettings, appsVariable } from '../protocol/address.ts'
import { serverSettings } from '../server/settings.ts'
import { BroadcastingError, messageOf } from '../support/errors.ts'
import type { Setting } from '../support/settings.ts'
import { channels } from './channels.ts'
import { makeKeys } from './keys.ts'
import { type Running, type StartFlags, start } from './start.ts'
import { trigger } from './trigger.ts'
import { packageVersion } from './version.ts'
import { startWorker } from './worker.ts'
import { startWorkers } from './workers.ts'

const program = new Command('reverb')
  .description('A WebSocket server that speaks the Pusher protocol')
  .version(packageVersion())

program
  .command('start')
  .description('start a server on a port of its own, until SIGINT or SIGTERM')
  .option('--host <host>', flagHelp(serverSettings.host))
  .option('--port <port>', flagHelp(serverSettings.port), toPort)
  .option('--path <path>', flagHelp(serverSettings.path))
  .option('--config <file>', 'a .js, .mjs, .ts or .json file with server options')
  .option('--workers <count>', 'processes that share the port and act as one server', toCount)
  .option('--debug', flagHelp(serverSettings.debug))
  .addHelpText('after', environmentHelp)
  .action(async ({ workers, ...flags }) => run(flags, workers))

remoteCommand('trigger')
  .description('send an event to the subscribers of a channel of a running server')
  .argument('<channel>', 'its name, with its prefix: private-orders.1')
  .argument('<event>', 'name of the event')
  .argument('[json]', 'payload', toJson, '{}')
  .addHelpText('after', triggerHelp)
  .action(async (channel, event, data, flags) => console.log(await trigger({ channel, event, data }, flags)))

remoteCommand('channels')
  .description('list the occupied channels of a running server')
  .argument('[prefix]', 'only those whose names begin with it', '')
  .option('--json', 'print JSON in place of a table')
  .addHelpText('after', remoteHelp)
  .action(async (prefix, flags) => console.log(await channels(prefix, flags)))

program
  .command('keys')
  .description('print credentials for a new app, as lines for .env')
  .action(() => console.log(makeKeys()))

program.parseAsync().catch((thrown: unknown) => {
  const known = thrown instanceof BroadcastingError
  console.error(
    known ? `error: ${thrown.message}` : thrown instanceof Error ? thrown.stack : messageOf(thrown),
  )
  process.exitCode = 1
})

/** A command that talks to a running server. */
function remoteCommand(name: string): Command {
  return program
    .command(name)
    .option('--url <url>', 'where the server is, in place of REVERB_PUBLIC_*: http://127.0.0.1:8080/reverb')
    .option('--app <key>', 'key of the app, where there are several')
    .option('--config <file>', 'the file that the server was started with')
}

/** One server, or one of several processes: what forks them, or one that was forked. */
async function run(flags: StartFlags, workers: number | undefined): Promise<void> {
  if (workers === undefined) await untilSignal(start(flags))
  else if (cluster.isPrimary) await untilSignal(startWorkers(flags, workers))
  else untilTold(await startWorker(flags))
}

function toCount(text: string): number {
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Expected a whole number from 1 to 999.')
}

function toPort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text)
  throw new InvalidArgumentError('Expected a whole number from 0 to 65535.')
}

/** The text itself, which is sent as it is. */
function toJson(text: string): string {
  try {
    JSON.parse(text)
    return text
  } catch {
    throw new InvalidArgumentError('Expected JSON, such as \'{"id":42}\'.')
  }
}

/** A setting in the words of the reference page. */
function flagHelp({ env, meaning }: Setting<unknown>): string {
  return `${meaning.charAt(0).toLowerCase()}${meaning.slice(1)} (${env})`
}

function environmentHelp(): string {
  return helpOf(serverSettings)
}

function remoteHelp(): string {
  return helpOf({ ...addressSettings, ...httpSettings })
}

function triggerHelp(): string {
  const { encryptionMasterKey } = broadcastingSettings
  return helpOf({ ...addressSettings, ...httpSettings, encryptionMasterKey })
}

function helpOf(settings: Readonly<Record<string, Setting<unknown>>>): string {
  const rows = Object.values(settings).map(({ env, fallback, meaning }) => {
    const shown = fallback === undefined ? '' : ` [${[fallback].flat().join() || 'empty'}]`
    return `  ${env.padEnd(36)}${meaning}${shown}`
  })
  return `\nEnvironment:\n${rows.join('\n')}\n  ${appsVariable.padEnd(36)}JSON array of apps instead of the default one\n`
}

/** The first signal ends the server in peace, a second one at once; before it listens, there is nobody to be told. */
async function untilSignal(starting: Promise<Running>): Promise<void> {
  let running: Running | undefined
  let ending = false
  const end = () => {
    if (running === undefined) process.exit(0)
    if (ending) process.exit(1)
    ending = true
    void running.stop()
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, end)
  running = await starting
}

/** The primary says when to end, by SIGTERM; from a terminal or a supervisor that signals everybody it comes more than once. */
function untilTold({ stop }: Running): void {
  let ending = false
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => {
    if (ending) return
    ending = true
    void stop()
  })
}

#!/usr/bin/env node
import { Command, InvalidArgumentError } from 'commander'
import { appsVariable, serverSettings } from '../server/settings.ts'
import { BroadcastingError, messageOf } from '../support/errors.ts'
import { makeKeys } from './keys.ts'
import { start } from './start.ts'

const program = new Command('reverb').description('A WebSocket server that speaks the Pusher protocol')

program
  .command('start')
  .description('start a server on a port of its own, until SIGINT or SIGTERM')
  .option('--host <host>', `interface to bind to (${serverSettings.host.env})`)
  .option('--port <port>', `port to listen on (${serverSettings.port.env})`, toPort)
  .option('--path <path>', `prefix of every route (${serverSettings.path.env})`)
  .option('--config <file>', 'a .js, .mjs, .ts or .json file with server options')
  .option('--debug', `every message on the log (${serverSettings.debug.env})`)
  .addHelpText('after', environmentHelp)
  .action(async (flags) => untilSignal(await start(flags)))

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

function toPort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text)
  throw new InvalidArgumentError('Expected a whole number from 0 to 65535.')
}

function environmentHelp(): string {
  const rows = Object.values(serverSettings).map(({ env, kind, fallback, meaning }) => {
    const shown = kind.secret || fallback === undefined ? '' : ` [${[fallback].flat().join() || 'empty'}]`
    return `  ${env.padEnd(36)}${meaning}${shown}`
  })
  return `\nEnvironment:\n${rows.join('\n')}\n  ${appsVariable.padEnd(36)}JSON array of apps instead of the default one\n`
}

/** The first signal ends the server in peace, a second one at once. */
function untilSignal({ stop }: { stop: () => Promise<void> }): void {
  let ending = false
  const end = () => {
    if (ending) process.exit(1)
    ending = true
    void stop()
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, end)
}

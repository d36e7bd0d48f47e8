import { broadcastingSettings } from '../broadcasting/config.ts'
import { httpSettings } from '../broadcasting/http/settings.ts'
import { appsVariable } from '../protocol/address.ts'
import { loggerFor, resolveServerConfig, type ServerConfig } from '../server/config.ts'
import { ReverbServer } from '../server/server.ts'
import type { ReverbServerOptions } from '../server/server-options.ts'
import { serverSettings } from '../server/settings.ts'
import type { Logger } from '../support/logger.ts'
import { warnOfUnknownVariables } from '../support/settings.ts'
import { readConfiguration } from './config-file.ts'

/** The flags of `reverb start`; they win over the file, the file over the environment. */
export interface StartFlags {
  readonly host?: string
  readonly port?: number
  readonly path?: string
  readonly config?: string
  readonly debug?: boolean
}

/** What runs until `stop` is called. */
export interface Running {
  readonly stop: () => Promise<void>
}

/** What `reverb start` goes by. */
export interface StartSettings {
  readonly options: ReverbServerOptions
  readonly config: ServerConfig
  readonly logger: Logger
}

/** Starts a standalone server and says where it listens and for which apps; never a secret. */
export async function start(flags: StartFlags): Promise<Running> {
  const settings = await readSettings(flags)
  const { options, config, logger } = settings
  warnOfUnknown(logger)
  const server = new ReverbServer({ ...options, logger })
  const { port } = await server.listen()
  logger.info(`Reverb listens on ${place(config, port)}`)
  return {
    stop: async () => {
      logger.info('Reverb is shutting down')
      await server.close()
    },
  }
}

/** Everything that flags, file and environment say. Rejects with a ConfigurationError for what is not allowed. */
export async function readSettings({ config: file, ...flags }: StartFlags): Promise<StartSettings> {
  const options = { ...(await readConfiguration(file)), ...flags }
  const config = resolveServerConfig(options, process.env)
  return { options, config, logger: loggerFor(options, config) }
}

/** Warns of variables that look like ours and are not known. */
export function warnOfUnknown(logger: Logger): void {
  const known = [serverSettings, broadcastingSettings, httpSettings]
  warnOfUnknownVariables(process.env, known, [appsVariable], logger)
}

/** Where a server listens and for which apps, for people. */
export function place({ scheme, host, path, apps }: ServerConfig, port: number): string {
  const names = apps.map(({ id, key }) => `${id} (key ${key})`).join(', ')
  return `${scheme}://${host}:${port}${path} for app${apps.length > 1 ? 's' : ''} ${names}`
}

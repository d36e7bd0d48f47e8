import { broadcastingSettings } from '../broadcasting/config.ts'
import { httpSettings } from '../broadcasting/http/settings.ts'
import { appsVariable } from '../protocol/address.ts'
import { loggerFor, resolveServerConfig } from '../server/config.ts'
import { ReverbServer } from '../server/server.ts'
import { serverSettings } from '../server/settings.ts'
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

/** A server that runs until `stop` is called. */
export interface RunningServer {
  readonly stop: () => Promise<void>
}

/** Starts a standalone server and says where it listens and for which apps; never a secret. */
export async function start({ config, ...flags }: StartFlags): Promise<RunningServer> {
  const options = { ...(await readConfiguration(config)), ...flags }
  const logger = loggerFor(options, resolveServerConfig(options, process.env))
  warnOfUnknownVariables(
    process.env,
    [serverSettings, broadcastingSettings, httpSettings],
    [appsVariable],
    logger,
  )
  const server = new ReverbServer({ ...options, logger })
  const { host, port } = await server.listen()
  const { scheme, path, apps } = server.options
  const names = apps.map(({ id, key }) => `${id} (key ${key})`).join(', ')
  logger.info(
    `Reverb listens on ${scheme}://${host}:${port}${path} for app${apps.length > 1 ? 's' : ''} ${names}`,
  )
  return {
    stop: async () => {
      logger.info('Reverb is shutting down')
      await server.close()
    },
  }
}

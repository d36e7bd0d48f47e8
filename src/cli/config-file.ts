import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { ReverbServerOptions } from '../server/server-options.ts'
import { loadEnvFile } from '../support/env-file.ts'
import { ConfigurationError } from '../support/errors.ts'
import { importFile } from '../support/import-file.ts'

/** Loads `.env` of the working directory, then the server options of `--config`; without a file there are none. */
export async function readConfiguration(file: string | undefined): Promise<ReverbServerOptions> {
  if (existsSync('.env')) loadEnvFile('.env')
  if (file === undefined) return {}
  const options = await importFile(resolve(file))
  if (typeof options === 'object' && options !== null) return options
  throw new ConfigurationError(`--config ${file}: expected an object of server options as the default export`)
}

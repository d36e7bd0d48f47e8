import { reverbTarget } from '../broadcasting/http/reverb-target.ts'
import type { ApiTarget } from '../broadcasting/http/target.ts'
import { readConfiguration } from './config-file.ts'

/** The flags of commands that talk to a server in another process. */
export interface RemoteFlags {
  readonly config?: string
  /** Key of the app. @default that of the first app */
  readonly app?: string
}

/** The running server that the environment and the file of `reverb start` speak of, as other processes find it. */
export async function remoteTarget({ config, app }: RemoteFlags): Promise<ApiTarget> {
  const options = await readConfiguration(config)
  const connection = { driver: 'reverb', ...(app !== undefined && { app }) }
  return reverbTarget(connection, process.env, options)
}

import cluster from 'node:cluster'
import { ReverbServer } from '../server/server.ts'
import { type Running, readSettings, type StartFlags } from './start.ts'

/** Starts the server of one worker of `reverb start --workers`, joined to the others; where it listens the primary says. */
export async function startWorker(flags: StartFlags): Promise<Running> {
  try {
    const server = await listen(flags)
    return { stop: () => server.close().finally(end) }
  } catch (thrown) {
    end()
    throw thrown
  }
}

async function listen(flags: StartFlags): Promise<ReverbServer> {
  const { options, config, logger } = await readSettings(flags)
  const { scalingDriver, nodeId } = config
  const server = new ReverbServer({
    ...options,
    logger,
    // Workers of several machines are joined by what joins the machines.
    scalingDriver: scalingDriver === 'none' ? 'cluster' : scalingDriver,
    ...(nodeId !== undefined && { nodeId: `${nodeId}-${cluster.worker?.id}` }),
  })
  await server.listen()
  return server
}

/** The channel to the primary would keep the process alive. */
function end(): void {
  cluster.worker?.disconnect()
}

import { Application, Provider, ReverbProvider } from '../../src/index.ts'
import { FastifyProvider } from '../../src/integrations/fastify.ts'
import type { Logger } from '../../src/support/logger.ts'

interface MountedAppOptions {
  env: Record<string, string>
  logger: Logger
  /** Says who may join which channel. */
  rules: () => void
}

/**
 * Boots an application with the server of app `local` at /reverb, on a free port; the caller shuts it down.
 * The user of a request is who its header X-User says.
 */
export async function startApp({ env, logger, rules }: MountedAppOptions) {
  class ShopProvider extends Provider {
    override async boot() {
      const server = this.app.make('reverb.server')
      await this.app.fastify.register(server.asFastifyPlugin('local'), { prefix: '/reverb' })
      rules()
    }
  }
  const user = ({ headers }: { headers: Record<string, unknown> }) => ({ id: String(headers['x-user']) })
  const app = new Application({
    providers: [FastifyProvider, [ReverbProvider, { driver: 'reverb', logger, user }], ShopProvider],
    env: { REVERB_DRAIN: '0', ...env },
  })
  await app.boot()
  const port = Number(new URL(await app.fastify.listen({ host: '127.0.0.1', port: 0 })).port)
  return { app, port }
}

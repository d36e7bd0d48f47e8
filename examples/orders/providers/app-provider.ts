import { Provider } from '@startkit/broadcasting'
import { webRoutes } from '../routes/web.ts'

/** Puts the shop's routes and the WebSocket server on the one port. */
export class AppProvider extends Provider {
  async boot() {
    await this.app.fastify.register(webRoutes)

    const reverb = this.app.make('reverb.server')
    await this.app.fastify.register(reverb.asFastifyPlugin(), { prefix: '/reverb' })
  }
}

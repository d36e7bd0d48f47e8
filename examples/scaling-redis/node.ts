// One node: an app like any other. What joins it to the other stands in its environment (start.ts).
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Application, Broadcast, Provider, ReverbProvider } from '@startkit/broadcasting'
import { FastifyProvider } from '@startkit/broadcasting/fastify'

const { REVERB_NODE_ID: node = 'one', PORT = '0' } = process.env

/** The page, the orders and the WebSocket server, on one port. */
class AppProvider extends Provider {
  async boot() {
    const { fastify } = this.app
    const reverb = this.app.make('reverb.server')
    await fastify.register(reverb.asFastifyPlugin(), { prefix: '/reverb' })

    fastify.get('/', (_request, reply) => reply.type('text/html').send(read('./page.html')))
    fastify.get('/pusher.js', (_request, reply) => reply.type('text/javascript').send(read(pusher)))
    fastify.get('/broadcasting.json', (request) => reverb.clientOptions(request))
    fastify.post('/orders', async () => {
      const { channels } = await Broadcast.on('orders').as('OrderPlaced').with({ node }).send()
      return { node, channels }
    })
  }
}

const pusher = import.meta.resolve('pusher-js/dist/web/pusher.min.js')
const read = (file: string) => readFileSync(fileURLToPath(new URL(file, import.meta.url)))

const app = new Application({
  basePath: import.meta.dirname,
  providers: [
    [FastifyProvider, { forceCloseConnections: true }],
    [ReverbProvider, { driver: 'reverb' }],
    AppProvider,
  ],
})
await app.boot()
process.send?.(await app.fastify.listen({ host: '127.0.0.1', port: Number(PORT) }))

process.once('SIGTERM', () => void close())
// Whoever has started it has gone.
process.once('disconnect', () => void close())

let closing: Promise<void> | undefined
async function close() {
  closing ??= app.shutdown()
  await closing
  if (process.connected) process.disconnect()
}

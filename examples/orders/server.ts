import { Application, ReverbProvider } from '@startkit/broadcasting'
import { FastifyProvider } from '@startkit/broadcasting/fastify'
import { broadcastingConfig } from './config/broadcasting.ts'
import { AppProvider } from './providers/app-provider.ts'

const app = new Application({
  basePath: import.meta.dirname,
  providers: [
    // Or Ctrl-C would wait for browsers that keep their connection alive.
    [FastifyProvider, { forceCloseConnections: true }],
    [ReverbProvider, broadcastingConfig],
    AppProvider,
  ],
})
await app.boot()

const { HOST = '127.0.0.1', PORT = '4545' } = process.env
const address = await app.fastify.listen({ host: HOST, port: Number(PORT) })
console.log(`The shop is open: ${address}`)

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => app.shutdown())

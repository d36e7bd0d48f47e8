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
try {
  console.log(`The shop is open: ${await app.fastify.listen({ host: HOST, port: Number(PORT) })}`)
} catch (error) {
  const isInUse = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
  console.error(isInUse ? `Port ${PORT} is in use. Choose another one: PORT=4546 npm run demo` : error)
  process.exit(1)
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, close)

async function close() {
  try {
    await app.shutdown()
  } catch (error) {
    console.error('The shop did not close as it should:', error)
    process.exitCode = 1
  }
}

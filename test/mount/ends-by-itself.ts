// A process that mounts a server, uses it and closes the app; it must end without process.exit.
import Fastify from 'fastify'
import { ReverbServer } from '../../src/server/index.ts'
import { silentLogger } from '../../src/support/logger.ts'
import { ProtocolClient } from '../../src/testing/index.ts'

const app = Fastify()
const server = new ReverbServer({ logger: silentLogger }, {})
await app.register(server.asFastifyPlugin('local'), { prefix: '/reverb' })
const address = await app.listen({ host: '127.0.0.1', port: 0 })
const connect = (key: string) =>
  ProtocolClient.open(`${address.replace('http', 'ws')}/reverb/app/${key}?protocol=7`)

const client = await connect('local')
await client.next('pusher:connection_established')
await client.subscribe('news')
await server.publish({ channels: ['news'], event: 'order.paid', data: '{}' })
const refused = await connect('unknown')
await refused.closed

await app.close()
const { code } = await client.closed
console.log(`closed with ${code}`)

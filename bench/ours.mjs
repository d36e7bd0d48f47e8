// The server of this package with its default settings.
import { ReverbServer } from '@startkit/broadcasting/server'
import { app, host } from './lib/app.mjs'
import { reportPort } from './lib/server-process.mjs'

// No environment: what happens to be set on this machine must not count.
const server = new ReverbServer({ ...app, host, port: 0 }, {})
const { port } = await server.listen()
reportPort(port)

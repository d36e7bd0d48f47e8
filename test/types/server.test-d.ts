// Compiled by `npm run types`, never run: what the types of the server allow and refuse.
import { ReverbServer, type ServerCounters } from '../../src/server/index.ts'

const server = new ReverbServer()
const counters: ServerCounters = server.counters
const refused: number = server.counters.connectionsRefused
const now: number = counters.connections

// @ts-expect-error a counter that is misspelt
server.counters.connectionRefused
// @ts-expect-error nobody sets a counter
server.counters.connections = 0
// @ts-expect-error nor one of what has happened
server.counters.eventsPublished = 0

export { now, refused }

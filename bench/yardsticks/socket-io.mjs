// Socket.IO as a peer: everybody is in one room, POST /apps/ID/events emits to it. Its packages are not among those of
// this one: they are looked up in the folder given.
//   node socket-io.mjs PORT FOLDER
import { createServer } from 'node:http'
import { createRequire } from 'node:module'

const [port, folder] = process.argv.slice(2)
const { Server } = createRequire(`${folder}/`)('socket.io')

const http = createServer((request, response) => {
  /** @type {Buffer[]} */
  const parts = []
  request.on('data', (part) => parts.push(part))
  request.on('end', () => {
    const { name, channel, data } = JSON.parse(Buffer.concat(parts).toString())
    io.to(channel).emit(name, data)
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': 2 }).end('{}')
  })
})
const io = new Server(http, { transports: ['websocket'], serveClient: false })
io.on('connection', (/** @type {{ join(room: string): void }} */ socket) => socket.join('bench-0'))
http.listen(Number(port), '127.0.0.1')

import { describe, expect, it } from 'vitest'
import { makeApp, Parts, turn } from '../../test/support/parts.ts'

describe('Connection', () => {
  it('sends in order, with one write a turn', async () => {
    const { connection, socket } = new Parts().connect()
    for (const event of ['a', 'b']) connection.send(JSON.stringify({ event }))
    expect(socket.writes).toEqual([])
    await turn()
    expect(socket.writes).toHaveLength(1)
    expect(socket.take()).toEqual([{ event: 'a' }, { event: 'b' }])
  })

  describe('#close', () => {
    it('writes what waits, then says why, then closes', () => {
      const parts = new Parts()
      const { connection, socket } = parts.connect()
      connection.send('{"event":"a"}')
      connection.close(4200)
      expect(socket.take()).toEqual([
        { event: 'a' },
        { event: 'pusher:error', data: { code: 4200, message: 'Server is restarting, reconnect' } },
      ])
      expect(socket.closed).toEqual({ code: 4200, reason: 'Server is restarting, reconnect' })
      expect(connection.open).toBe(false)
      expect(parts.connections.size).toBe(0)
    })

    it('writes nothing more afterwards', async () => {
      const { connection, socket } = new Parts().connect()
      connection.close(4200)
      connection.close(4201)
      connection.send('{"event":"a"}')
      await turn()
      expect(socket.take()).toHaveLength(1)
      expect(socket.closed?.code).toBe(4200)
    })

    it.each([4100, 4200, 4201] as const)('C15 gives a reason for %i that fits into a close frame', (code) => {
      const { connection, socket } = new Parts().connect()
      connection.close(code)
      expect(Buffer.byteLength(socket.closed?.reason ?? '')).toBeLessThanOrEqual(123)
    })
  })

  it('adopts what its app has become: secrets and limits, and with them a new count of what it may send', () => {
    const { connection } = new Parts({ app: { clientEventRate: 0.1 } }).connect()
    const { lastSeen } = connection
    const passes = () => connection.limiter.clientEvent(lastSeen)
    expect([passes(), passes()]).toEqual([true, false])
    const app = makeApp({ clientEventRate: 2 })
    connection.adopt(app)
    expect(connection.app).toBe(app)
    expect([passes(), passes(), passes()]).toEqual([true, true, false])
  })

  it('C176 is closed with 4100 when it reads too slowly, and what waits is dropped', async () => {
    const parts = new Parts({ sendBuffer: 1000 })
    const { connection, socket } = parts.connect()
    socket.queued = 1001
    connection.send('{"event":"a"}')
    await turn()
    const error = { code: 4100, message: expect.stringContaining('REVERB_SEND_BUFFER') }
    expect(socket.take()).toEqual([{ event: 'pusher:error', data: error }])
    expect(socket.closed?.code).toBe(4100)
    expect(Buffer.byteLength(socket.closed?.reason ?? '')).toBeLessThanOrEqual(123)
    expect(parts.connections.size).toBe(0)
  })

  it('takes twice as many messages at once as it may have channels', () => {
    const { connection } = new Parts({ app: { messageRate: 10, maxChannelsPerConnection: 20 } }).connect()
    const verdicts = Array.from({ length: 41 }, () => connection.limiter.message(connection.lastSeen))
    expect(verdicts.indexOf('drop')).toBe(40)
  })
})

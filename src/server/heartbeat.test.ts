import { afterEach, describe, expect, it, vi } from 'vitest'
import { makeApp, Parts, turn } from '../../test/support/parts.ts'
import { pingFrame } from './frame.ts'
import { Heartbeat } from './heartbeat.ts'

/** Two clients of an app that pings after 60 s and waits 30 s; both were heard of at time 0. */
function watched() {
  const parts = new Parts({ app: { pingInterval: 60, pongTimeout: 30 } })
  const clients = [parts.connect(), parts.connect()] as const
  for (const { connection } of clients) connection.lastSeen = 0
  return { parts, clients, heartbeat: new Heartbeat({ ...parts, sweepers: [] }) }
}

afterEach(() => {
  vi.useRealTimers()
})

describe('Heartbeat', () => {
  it('C23 pings after the interval of silence, with a WebSocket ping, once', async () => {
    const { clients, heartbeat } = watched()
    const [{ socket }] = clients
    heartbeat.sweep(59_999)
    await turn()
    expect(socket.writes).toEqual([])
    heartbeat.sweep(60_000)
    heartbeat.sweep(61_000)
    await turn()
    expect(socket.writes).toEqual([pingFrame])
  })

  it('pings only who was silent', async () => {
    const { clients, heartbeat } = watched()
    const [silent, talkative] = clients
    talkative.connection.lastSeen = 30_000
    heartbeat.sweep(60_000)
    await turn()
    expect([silent.socket.writes.length, talkative.socket.writes.length]).toEqual([1, 0])
  })

  it('C25 closes with 4201 who stays silent, and only them', async () => {
    const { parts, clients, heartbeat } = watched()
    const [silent, answering] = clients
    heartbeat.sweep(60_000)
    answering.connection.lastSeen = 60_001
    heartbeat.sweep(89_999)
    expect(silent.socket.closed).toBeUndefined()
    heartbeat.sweep(90_000)
    expect(silent.socket.take()).toEqual([
      { event: 'pusher:error', data: { code: 4201, message: 'Pong reply not received in time' } },
    ])
    expect(silent.socket.closed).toEqual({ code: 4201, reason: 'Pong reply not received in time' })
    expect(answering.socket.closed).toBeUndefined()
    expect(parts.metrics.staleConnectionsClosed).toBe(1)
    await parts.released(5_000)
    expect([...parts.connections.values()]).toEqual([answering.connection])
  })

  it('C24 keeps who answers every ping', async () => {
    const { clients, heartbeat } = watched()
    const [{ connection, socket }] = clients
    for (let now = 0; now < 600_000; now += 1000) {
      heartbeat.sweep(now)
      await turn()
      if (connection.pingedAt === now) connection.lastSeen = now + 1
    }
    expect(socket.closed).toBeUndefined()
    // Every 61 seconds: one of silence counts from the answer, and sweeps come once a second.
    expect(socket.writes).toHaveLength(9)
  })

  it('sweeps by itself between start and stop', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
    const parts = new Parts({ app: { pingInterval: 0.2, pongTimeout: 0.1 } })
    const { socket } = parts.connect()
    const sweep = vi.fn()
    const heartbeat = new Heartbeat({ ...parts, sweepers: [{ sweep }] })
    heartbeat.include(parts.app)
    heartbeat.start()
    heartbeat.start()
    expect(vi.getTimerCount()).toBe(1)
    vi.advanceTimersByTime(225)
    await turn()
    expect(socket.writes).toEqual([pingFrame])
    expect(sweep).toHaveBeenCalledTimes(9)
    heartbeat.stop()
    expect(vi.getTimerCount()).toBe(0)
    vi.advanceTimersByTime(10_000)
    expect(socket.closed).toBeUndefined()
  })

  it('sweeps once a second, and more often as soon as an app needs it', () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
    const sweep = vi.fn()
    const heartbeat = new Heartbeat({ ...new Parts(), sweepers: [{ sweep }] })
    const sweepsIn = (milliseconds: number) => {
      sweep.mockClear()
      vi.advanceTimersByTime(milliseconds)
      return sweep.mock.calls.length
    }
    heartbeat.start()
    expect(sweepsIn(10_000)).toBe(10)
    heartbeat.include(makeApp({ pingInterval: 60, pongTimeout: 0.4 }))
    expect(sweepsIn(1_000)).toBe(10)
    heartbeat.include(makeApp())
    expect(sweepsIn(1_000)).toBe(10)
    heartbeat.include(makeApp({ userAuthTimeout: 0.2 }))
    expect(sweepsIn(1_000)).toBe(20)
    heartbeat.include(makeApp({ pingInterval: 0.001 }))
    expect(sweepsIn(1_000)).toBe(100)
    heartbeat.stop()
    expect(vi.getTimerCount()).toBe(0)
  })
})

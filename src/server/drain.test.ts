import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Parts } from '../../test/support/parts.ts'
import { drain } from './drain.ts'

// Fake timers do not reach these.
vi.mock('node:timers/promises', () => ({
  setTimeout: (delay: number) => new Promise((resolve) => setTimeout(resolve, delay)),
}))

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})

afterEach(() => {
  vi.useRealTimers()
})

/** Drains a server with so many clients; `open` says how many are left. */
function draining(clients: number, seconds: number) {
  const parts = new Parts()
  const sockets = Array.from({ length: clients }, () => parts.connect().socket)
  const done = vi.fn()
  const drained = drain(parts.connections, seconds).then(done)
  return { sockets, done, drained, open: () => parts.connections.size }
}

describe('drain', () => {
  it('is done at once without connections', async () => {
    const { drained, done } = draining(0, 20)
    await drained
    expect(done).toHaveBeenCalled()
  })

  it('ends a few at once, each with error and close 4200', async () => {
    const { sockets, drained } = draining(5, 20)
    await drained
    for (const socket of sockets) {
      expect(socket.closed?.code).toBe(4200)
      expect(socket.take()).toMatchObject([{ event: 'pusher:error', data: { code: 4200 } }])
    }
  })

  it('C174 spreads many at 100 a second', async () => {
    const { done, open } = draining(500, 20)
    await vi.advanceTimersByTimeAsync(2500)
    expect(open()).toBeGreaterThan(200)
    expect(open()).toBeLessThan(300)
    await vi.advanceTimersByTimeAsync(2500)
    expect(open()).toBe(0)
    expect(done).toHaveBeenCalled()
  })

  it('takes no longer than it may', async () => {
    const { done, open } = draining(1000, 1)
    await vi.advanceTimersByTimeAsync(500)
    expect(open()).toBeGreaterThan(400)
    expect(open()).toBeLessThan(600)
    await vi.advanceTimersByTimeAsync(500)
    expect(open()).toBe(0)
    expect(done).toHaveBeenCalled()
  })

  it('ends all at once with 0 seconds', async () => {
    const { drained, open } = draining(1000, 0)
    expect(open()).toBe(0)
    await drained
  })
})

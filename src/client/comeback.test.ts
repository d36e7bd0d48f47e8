import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { FakePusher } from '../testing/fake-pusher.ts'
import { Comeback } from './comeback.ts'

const random = vi.spyOn(Math, 'random')
const onLine = vi.spyOn(navigator, 'onLine', 'get')

beforeEach(() => {
  vi.useFakeTimers()
  random.mockReturnValue(0)
  onLine.mockReturnValue(true)
})
afterEach(() => vi.useRealTimers())

/** A followed connection; `restarts` has when it was tried anew, in milliseconds from the start. */
function createComeback() {
  const pusher = new FakePusher('local', { cluster: '' })
  const told: string[] = []
  const comeback = new Comeback(pusher, () => told.push(comeback.state))
  const start = Date.now()
  const restarts: number[] = []
  const connect = pusher.connect.bind(pusher)
  pusher.connect = () => {
    restarts.push(Date.now() - start)
    connect()
  }
  return { pusher, comeback, told, restarts }
}

/** The same with a connection that was there and has been lost. */
function lost() {
  const made = createComeback()
  made.pusher.open()
  made.pusher.lose()
  return made
}

/** The server answers the attempt: come back later. pusher-js does, and stays as it is. */
const putOff = (pusher: FakePusher) => pusher.error(4100, 'Over capacity')

describe('Comeback', () => {
  it('ends an attempt that does not succeed and begins another, each with more time than the last', () => {
    const { restarts } = lost()
    vi.advanceTimersByTime(30_000)
    expect(restarts).toEqual([1000, 3000, 7000, 14_500, 22_000, 29_500])
  })

  it('spreads the pages of a server: an attempt gets more time by chance', () => {
    random.mockReturnValue(0.5)
    const { restarts } = lost()
    vi.advanceTimersByTime(30_000)
    expect(restarts).toEqual([1500, 4500, 10_500, 21_750])
  })

  it('begins with short attempts again once the connection was there', () => {
    const { pusher, restarts } = lost()
    vi.advanceTimersByTime(3000)
    pusher.open()
    pusher.lose()
    vi.advanceTimersByTime(1000)
    expect(restarts).toEqual([1000, 3000, 4000])
  })

  it('tells what pusher-js would: connecting, then unavailable, never disconnected', () => {
    const { pusher, told } = lost()
    vi.advanceTimersByTime(6999)
    expect(told).toEqual(['connected', 'connecting'])
    vi.advanceTimersByTime(30_000)
    expect(told).toEqual(['connected', 'connecting', 'unavailable'])
    pusher.open()
    pusher.lose()
    expect(told.slice(3)).toEqual(['connected', 'connecting'])
  })

  it('leaves a connection alone that was never there', () => {
    const { pusher, restarts } = createComeback()
    pusher.disconnect()
    pusher.lose()
    vi.advanceTimersByTime(60_000)
    expect(restarts).toEqual([])
  })

  it('leaves a connection alone that the server has refused for good, also when it came back', () => {
    const { pusher, restarts, told } = lost()
    vi.advanceTimersByTime(1000)
    pusher.error(4009, 'Connection is unauthorized')
    expect(vi.getTimerCount()).toBe(0)
    expect(restarts).toEqual([1000])
    expect(told.at(-1)).toBe('disconnected')
  })

  it('has one timer while the connection is lost, and none afterwards', () => {
    const { pusher } = lost()
    expect(vi.getTimerCount()).toBe(1)
    vi.advanceTimersByTime(10_000)
    putOff(pusher)
    expect(vi.getTimerCount()).toBe(1)
    pusher.open()
    expect(vi.getTimerCount()).toBe(0)
    pusher.lose()
    pusher.disconnect()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('does not break into the attempts of pusher-js while the server answers them', () => {
    const { pusher, restarts } = lost()
    for (let seconds = 0; seconds < 20; seconds++) {
      putOff(pusher)
      vi.advanceTimersByTime(1100)
    }
    expect(restarts).toEqual([])
    vi.advanceTimersByTime(7500)
    expect(restarts).toHaveLength(1)
  })

  it('does nothing while the browser is offline, and leaves the first attempt afterwards to pusher-js', () => {
    onLine.mockReturnValue(false)
    const { restarts } = lost()
    vi.advanceTimersByTime(9999)
    onLine.mockReturnValue(true)
    vi.advanceTimersByTime(1000)
    expect(restarts).toEqual([])
    vi.advanceTimersByTime(1000)
    expect(restarts).toHaveLength(1)
  })

  it('remembers no old absence of the network', () => {
    onLine.mockReturnValue(false)
    const { pusher, restarts } = lost()
    vi.advanceTimersByTime(1000)
    onLine.mockReturnValue(true)
    pusher.open()
    pusher.lose()
    vi.advanceTimersByTime(1000)
    expect(restarts).toHaveLength(1)
  })
})

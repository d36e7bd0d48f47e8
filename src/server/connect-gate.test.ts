import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { turn } from '../../test/support/parts.ts'
import { ConnectGate } from './connect-gate.ts'

let proceeded: string[]
let gate: ConnectGate

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
  proceeded = []
})

afterEach(() => {
  gate.close()
  vi.useRealTimers()
})

function enter(name: string, address = '10.0.0.1', stream = new PassThrough()): boolean {
  return gate.enter(address, stream, () => proceeded.push(name))
}

describe('ConnectGate', () => {
  it('lets everybody through at once without a rate', () => {
    gate = new ConnectGate(0)
    for (let count = 0; count < 5000; count++) expect(enter('a')).toBe(true)
    expect(proceeded).toHaveLength(5000)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('lets as many through as the rate says, the others later in their order', () => {
    gate = new ConnectGate(2)
    for (const name of ['a', 'b', 'c', 'd', 'e']) expect(enter(name)).toBe(true)
    expect(proceeded).toEqual(['a', 'b'])
    vi.advanceTimersByTime(600)
    expect(proceeded).toEqual(['a', 'b', 'c'])
    vi.advanceTimersByTime(1000)
    expect(proceeded).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  it('lets nobody overtake those who wait', () => {
    gate = new ConnectGate(1)
    enter('a')
    vi.advanceTimersByTime(950)
    enter('b')
    vi.advanceTimersByTime(60)
    enter('c')
    vi.advanceTimersByTime(40)
    expect(proceeded).toEqual(['a', 'b'])
  })

  it('counts each address for itself', () => {
    gate = new ConnectGate(1)
    enter('a', '10.0.0.1')
    enter('b', '10.0.0.1')
    enter('c', '10.0.0.2')
    expect(proceeded).toEqual(['a', 'c'])
  })

  it('turns away whoever comes when 1000 wait', () => {
    gate = new ConnectGate(1)
    for (let count = 0; count < 1001; count++) expect(enter('a')).toBe(true)
    expect(enter('b')).toBe(false)
    expect(proceeded).toHaveLength(1)
  })

  it('forgets whoever goes while waiting', () => {
    gate = new ConnectGate(1)
    const stream = new PassThrough()
    enter('a')
    enter('b', '10.0.0.1', stream)
    enter('c')
    stream.destroy()
    vi.advanceTimersByTime(1100)
    expect(proceeded).toEqual(['a', 'c'])
  })

  it('hands a socket on with all that it has sent and none of its own listeners', async () => {
    gate = new ConnectGate(1)
    const stream = new PassThrough()
    enter('a')
    enter('b', '10.0.0.1', stream)
    stream.write('early')
    await turn()
    vi.advanceTimersByTime(1100)
    expect(proceeded).toEqual(['a', 'b'])
    expect(['error', 'end', 'readable'].map((event) => stream.listenerCount(event))).toEqual([0, 0, 0])
    expect(String(stream.read())).toBe('early')
  })

  it.each([
    ['breaks', (stream: PassThrough) => stream.emit('error', new Error('reset'))],
    ['is ended by the client', (stream: PassThrough) => stream.end()],
  ])('forgets a socket that %s while it waits, and its turn goes to the next', async (_, leave) => {
    gate = new ConnectGate(1)
    const stream = new PassThrough()
    enter('a')
    enter('b', '10.0.0.1', stream)
    enter('c')
    leave(stream)
    await turn()
    vi.advanceTimersByTime(1100)
    expect(proceeded).toEqual(['a', 'c'])
    expect(stream.destroyed).toBe(true)
  })

  it('has a timer only while somebody waits', () => {
    gate = new ConnectGate(1)
    enter('a')
    expect(vi.getTimerCount()).toBe(0)
    enter('b')
    expect(vi.getTimerCount()).toBe(1)
    vi.advanceTimersByTime(2000)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('destroys whoever waits when it closes', () => {
    gate = new ConnectGate(1)
    const stream = new PassThrough()
    enter('a')
    enter('b', '10.0.0.1', stream)
    gate.close()
    vi.advanceTimersByTime(5000)
    expect(proceeded).toEqual(['a'])
    expect(stream.destroyed).toBe(true)
    expect(vi.getTimerCount()).toBe(0)
  })
})

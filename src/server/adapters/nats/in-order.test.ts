import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { InOrder } from './in-order.ts'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

function sequence() {
  const heard: string[] = []
  const order = new InOrder<string>((item) => heard.push(item))
  const add = (number: number, previous: number) => order.add(String(number), { number, previous })
  return { heard, order, add }
}

describe('InOrder', () => {
  it('delivers at once what follows on what was delivered', () => {
    const { heard, add } = sequence()
    add(3, 0)
    add(7, 3)
    add(8, 7)
    expect(heard).toEqual(['3', '7', '8'])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('has what comes too early wait for what comes before it', () => {
    const { heard, add } = sequence()
    add(1, 0)
    add(4, 3)
    add(3, 2)
    expect(heard).toEqual(['1'])
    add(2, 1)
    expect(heard).toEqual(['1', '2', '3', '4'])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('waits a while only, and leaves out what comes later still', () => {
    const { heard, add } = sequence()
    add(1, 0)
    add(4, 3)
    add(3, 2)
    vi.advanceTimersByTime(50)
    expect(heard).toEqual(['1', '3', '4'])
    add(2, 1)
    add(5, 4)
    expect(heard).toEqual(['1', '3', '4', '5'])
  })

  it('waits for nothing that is known by other means', () => {
    const { heard, order, add } = sequence()
    order.learn(6)
    add(9, 6)
    expect(heard).toEqual(['9'])
    add(12, 11)
    order.learn(11)
    expect(heard).toEqual(['9', '12'])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('still delivers what is known by other means only', () => {
    const { heard, order, add } = sequence()
    order.learn(6)
    add(6, 5)
    expect(heard).toEqual(['6'])
  })

  it('delivers what has no number behind all that came before it', () => {
    const { heard, order, add } = sequence()
    order.add('a')
    add(2, 1)
    order.add('b')
    expect(heard).toEqual(['a'])
    add(1, 0)
    expect(heard).toEqual(['a', '1', '2', 'b'])
  })

  it('delivers nothing once it is stopped', () => {
    const { heard, order, add } = sequence()
    add(2, 1)
    order.add('b')
    order.stop()
    vi.advanceTimersByTime(50)
    expect([heard, vi.getTimerCount()]).toEqual([[], 0])
  })
})

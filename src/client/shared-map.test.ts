import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { SharedMap } from './shared-map.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

function createMap(close: () => boolean = () => true, linger = 1000) {
  const happened: string[] = []
  const map = new SharedMap<{ key: string }>({
    open: (key) => {
      happened.push(`open ${key}`)
      return { key }
    },
    close: ({ key }) => {
      happened.push(`close ${key}`)
      return close()
    },
    linger: () => linger,
    emptied: () => happened.push('emptied'),
  })
  return { map, happened }
}

describe('SharedMap', () => {
  it('opens a value once for all who use it', () => {
    const { map, happened } = createMap()
    expect(map.use('a').value).toBe(map.use('a').value)
    expect(map.get('a')).toBe(map.use('a').value)
    expect(map.get('b')).toBeUndefined()
    expect(happened).toEqual(['open a'])
  })

  it('closes a value when its last user has been gone for the linger', () => {
    const { map, happened } = createMap()
    const [first, second] = [map.use('a'), map.use('a')]
    first.release()
    vi.advanceTimersByTime(5000)
    expect(happened).toEqual(['open a'])
    second.release()
    vi.advanceTimersByTime(999)
    expect(happened).toEqual(['open a'])
    vi.advanceTimersByTime(1)
    expect(happened).toEqual(['open a', 'close a', 'emptied'])
    expect(map.get('a')).toBeUndefined()
  })

  it('keeps the value of a user who comes back in time', () => {
    const { map, happened } = createMap()
    const { value, release } = map.use('a')
    release()
    vi.advanceTimersByTime(999)
    expect(map.use('a').value).toBe(value)
    vi.advanceTimersByTime(5000)
    expect(happened).toEqual(['open a'])
  })

  it('counts a user who leaves twice once', () => {
    const { map, happened } = createMap()
    const { release } = map.use('a')
    map.use('a')
    release()
    release()
    vi.advanceTimersByTime(5000)
    expect(happened).toEqual(['open a'])
  })

  it('keeps a value for as long as a timer can wait where the linger is longer', () => {
    const { map, happened } = createMap(undefined, Number.POSITIVE_INFINITY)
    map.use('a').release()
    vi.advanceTimersByTime(86_400_000)
    expect(happened).toEqual(['open a'])
  })

  it('keeps a value that does not close, and asks it again after another linger', () => {
    const close = vi.fn<() => boolean>().mockReturnValueOnce(false).mockReturnValueOnce(true)
    const { map, happened } = createMap(close)
    const { value, release } = map.use('a')
    release()
    vi.advanceTimersByTime(1000)
    expect(map.get('a')).toBe(value)
    vi.advanceTimersByTime(1000)
    expect(happened).toEqual(['open a', 'close a', 'close a', 'emptied'])
  })

  it('says that it is empty only when the last of its values has closed', () => {
    const { map, happened } = createMap()
    map.use('a').release()
    vi.advanceTimersByTime(500)
    map.use('b').release()
    vi.advanceTimersByTime(500)
    expect(happened).toEqual(['open a', 'open b', 'close a'])
    vi.advanceTimersByTime(500)
    expect(happened).toEqual(['open a', 'open b', 'close a', 'close b', 'emptied'])
  })
})

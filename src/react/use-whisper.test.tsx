import { act, cleanup, renderHook } from '@testing-library/react'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Page } from '../../test/support/page.tsx'
import { useWhisper } from './use-whisper.ts'

beforeEach(() => {
  vi.useFakeTimers()
  window.location.href = 'http://shop.test/'
})
afterEach(() => {
  cleanup()
  vi.useRealTimers()
})

describe('useWhisper', () => {
  it('gives a function that sends client events, the same at every render', () => {
    const page = new Page()
    const { result, rerender } = renderHook(() => useWhisper('private-chat'), { wrapper: page.wrapper })
    const whisper = result.current
    act(() => page.pusher.open())
    expect(whisper('client-typing', { on: true })).toBe(false)
    act(() => page.pusher.accept('private-chat'))
    rerender()
    expect(result.current).toBe(whisper)
    expect(whisper('client-typing', { on: true })).toBe(true)
    expect(page.pusher.sent).toEqual(['subscribe private-chat', 'client-typing {"on":true}'])
  })

  it('keeps the channel subscribed while the component is mounted', () => {
    const page = new Page()
    const { unmount } = renderHook(() => useWhisper('private-chat'), { wrapper: page.wrapper })
    act(() => {
      page.pusher.open()
      page.pusher.accept('private-chat')
      vi.advanceTimersByTime(5000)
    })
    expect(page.pusher.sent).toEqual(['subscribe private-chat'])
    unmount()
    vi.advanceTimersByTime(1000)
    expect(page.pusher.sent).toEqual(['subscribe private-chat', 'unsubscribe private-chat'])
  })
})

import { act, cleanup, renderHook } from '@testing-library/react'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Page } from '../../test/support/page.tsx'
import { useBroadcastChannel } from './use-broadcast-channel.ts'
import { useConnectionStatus } from './use-connection-status.ts'
import { useSocketId } from './use-socket-id.ts'

beforeEach(() => {
  window.location.href = 'http://shop.test/'
})

afterEach(cleanup)

describe('useConnectionStatus', () => {
  it('does not connect', () => {
    const page = new Page()
    const { result } = renderHook(() => useConnectionStatus(), { wrapper: page.wrapper })
    expect(result.current).toEqual({ state: 'initialized' })
    expect(page.pushers).toEqual([])
  })

  it('follows the connection that the other hooks make', () => {
    const page = new Page()
    const { result } = renderHook(
      () => {
        useBroadcastChannel('orders')
        return useConnectionStatus()
      },
      { wrapper: page.wrapper },
    )
    expect(result.current).toEqual({ state: 'connecting' })
    act(() => page.pusher.open('7.7'))
    expect(result.current).toEqual({ state: 'connected', socketId: '7.7' })
    act(() => page.pusher.error(4001, 'Application does not exist'))
    expect(result.current).toMatchObject({ state: 'disconnected', error: { pusherCode: 4001 } })
  })
})

describe('useSocketId', () => {
  it('is there while the connection is', () => {
    const page = new Page()
    const { result } = renderHook(
      () => {
        useBroadcastChannel('orders')
        return useSocketId()
      },
      { wrapper: page.wrapper },
    )
    expect(result.current).toBeUndefined()
    act(() => page.pusher.open('7.7'))
    expect(result.current).toBe('7.7')
    act(() => page.pusher.lose())
    expect(result.current).toBeUndefined()
    act(() => page.pusher.open('7.8'))
    expect(result.current).toBe('7.8')
  })
})

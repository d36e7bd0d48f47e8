import { act, cleanup, renderHook } from '@testing-library/react'
import { afterEach, beforeEach, describe, expect, expectTypeOf, it, vi } from 'vitest'
import { Page } from '../../test/support/page.tsx'
import { usePresence } from './use-presence.ts'
import { useSubscriptionStatus } from './use-subscription-status.ts'

beforeEach(() => {
  window.location.href = 'http://shop.test/'
})
afterEach(() => {
  cleanup()
  vi.useRealTimers()
})

describe('usePresence', () => {
  it('gives who is there and who this page is, as members come and go', () => {
    const page = new Page()
    const { result } = renderHook(() => usePresence<{ name: string }>('presence-shop'), {
      wrapper: page.wrapper,
    })
    expect(result.current).toEqual({ status: { state: 'subscribing' }, members: [], me: undefined })
    act(() => {
      page.pusher.open()
      page.pusher.accept('presence-shop', { 7: { name: 'Ada' } }, '7')
    })
    const ada = { id: '7', info: { name: 'Ada' } }
    const bob = { id: '9', info: { name: 'Bob' } }
    expect(result.current).toEqual({ status: { state: 'subscribed' }, members: [ada], me: ada })
    act(() => page.pusher.join('presence-shop', '9', bob.info))
    expect(result.current.members).toEqual([ada, bob])
    act(() => page.pusher.leave('presence-shop', '9'))
    expect(result.current.members).toEqual([ada])
    expectTypeOf(result.current.me?.info).toEqualTypeOf<{ name: string } | undefined>()
  })

  it('follows another channel, of which nothing is known at first', () => {
    const page = new Page()
    const { result, rerender } = renderHook((shop: number) => usePresence(`presence-shop.${shop}`), {
      wrapper: page.wrapper,
      initialProps: 1,
    })
    act(() => {
      page.pusher.open()
      page.pusher.accept('presence-shop.1', { 7: {} }, '7')
    })
    rerender(2)
    expect(result.current).toMatchObject({ status: { state: 'subscribing' }, members: [] })
    act(() => page.pusher.accept('presence-shop.2', { 7: {}, 9: {} }, '7'))
    expect(result.current.members).toHaveLength(2)
  })

  it('takes names of presence channels alone', () => {
    expectTypeOf<'shop'>().not.toExtend<Parameters<typeof usePresence>[0]>()
  })
})

describe('useSubscriptionStatus', () => {
  it('says whether the events of a channel arrive, and if not, why', () => {
    const page = new Page()
    const { result } = renderHook(() => useSubscriptionStatus('private-orders.1'), { wrapper: page.wrapper })
    act(() => page.pusher.open())
    expect(result.current).toEqual({ state: 'subscribing' })
    act(() => page.pusher.refuse('private-orders.1', 'not your order', 403))
    expect(result.current).toMatchObject({
      state: 'failed',
      error: { message: 'Channel private-orders.1 could not be subscribed: not your order', status: 403 },
    })
    act(() => {
      page.pusher.lose()
      page.pusher.open()
      page.pusher.accept('private-orders.1')
    })
    expect(result.current).toEqual({ state: 'subscribed' })
  })
})

import { act, cleanup, renderHook } from '@testing-library/react'
import { StrictMode, useLayoutEffect } from 'react'
import { afterEach, beforeEach, describe, expect, expectTypeOf, it, vi } from 'vitest'
import { Page } from '../../test/support/page.tsx'
import { useBroadcastEvent } from './use-broadcast-event.ts'

beforeEach(() => {
  vi.useFakeTimers()
  window.location.href = 'http://shop.test/'
})
afterEach(() => {
  cleanup()
  vi.useRealTimers()
})

interface Props {
  channel: string
  event: string
  callback: (payload: unknown, sender: { userId: string | undefined }) => void
}

/** A mounted hook whose channel is subscribed. */
function mounted(initialProps: Props) {
  const page = new Page()
  const hook = renderHook(
    ({ channel, event, callback }: Props) => useBroadcastEvent(channel, event, callback),
    {
      wrapper: ({ children }) => <StrictMode>{page.wrapper({ children })}</StrictMode>,
      initialProps,
    },
  )
  act(() => {
    page.pusher.open()
    page.pusher.accept(initialProps.channel)
  })
  return { page, ...hook }
}

describe('useBroadcastEvent', () => {
  it('calls back for its event alone, once per arrival', () => {
    const callback = vi.fn()
    const { page } = mounted({ channel: 'orders', event: 'OrderShipped', callback })
    page.pusher.receive('orders', 'OrderShipped', { order_id: 1 })
    page.pusher.receive('orders', 'OrderPaid', { order_id: 1 })
    expect(callback.mock.calls).toEqual([[{ order_id: 1 }, { userId: undefined }]])
  })

  it('says which member sent a client event on a presence channel', () => {
    const callback = vi.fn()
    const { page } = mounted({ channel: 'presence-shop', event: 'client-typing', callback })
    page.pusher.receive('presence-shop', 'client-typing', { on: true }, '7')
    expect(callback.mock.calls).toEqual([[{ on: true }, { userId: '7' }]])
  })

  it('calls the callback of the last render, and does not subscribe again for it', () => {
    const [first, second] = [vi.fn(), vi.fn()]
    const props = { channel: 'orders', event: 'OrderShipped' }
    const { page, rerender } = mounted({ ...props, callback: first })
    rerender({ ...props, callback: second })
    page.pusher.receive('orders', 'OrderShipped')
    vi.advanceTimersByTime(5000)
    expect(first).not.toHaveBeenCalled()
    expect(second).toHaveBeenCalledOnce()
    expect(page.pusher.sent).toEqual(['subscribe orders'])
  })

  it('calls the callback of the last render as soon as that is on the page', () => {
    const page = new Page()
    const seen: string[] = []
    const hook = renderHook(
      ({ name }) => {
        useBroadcastEvent('orders', 'OrderShipped', () => seen.push(name))
        useLayoutEffect(() => {
          if (name === 'second') page.pusher.receive('orders', 'OrderShipped')
        }, [name])
      },
      { wrapper: page.wrapper, initialProps: { name: 'first' } },
    )
    hook.rerender({ name: 'second' })
    expect(seen).toEqual(['second'])
  })

  it('follows another event and another channel', () => {
    const callback = vi.fn()
    const { page, rerender } = mounted({ channel: 'orders', event: 'OrderShipped', callback })
    rerender({ channel: 'orders', event: 'OrderPaid', callback })
    page.pusher.receive('orders', 'OrderShipped', 1)
    page.pusher.receive('orders', 'OrderPaid', 2)
    rerender({ channel: 'news', event: 'OrderPaid', callback })
    page.pusher.receive('orders', 'OrderPaid', 3)
    page.pusher.receive('news', 'OrderPaid', 4)
    vi.advanceTimersByTime(1000)
    expect(callback.mock.calls.map(([payload]) => payload)).toEqual([2, 4])
    expect(page.pusher.sent).toEqual(['subscribe orders', 'subscribe news', 'unsubscribe orders'])
  })

  it('calls nobody after it is unmounted', () => {
    const callback = vi.fn()
    const { page, unmount } = mounted({ channel: 'orders', event: 'OrderShipped', callback })
    unmount()
    page.pusher.receive('orders', 'OrderShipped')
    expect(callback).not.toHaveBeenCalled()
  })

  it('takes the type of the payload', () => {
    const page = new Page()
    renderHook(
      () => {
        useBroadcastEvent('orders', 'OrderShipped', (payload) => expectTypeOf(payload).toBeUnknown())
        useBroadcastEvent('orders', 'OrderShipped', ({ order_id }: { order_id: number }) => order_id)
        useBroadcastEvent<{ order_id: number }>('orders', 'OrderShipped', (payload) =>
          expectTypeOf(payload).toEqualTypeOf<{ order_id: number }>(),
        )
      },
      { wrapper: page.wrapper },
    )
  })
})

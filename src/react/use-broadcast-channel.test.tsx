import { act, cleanup, render, renderHook } from '@testing-library/react'
import { StrictMode } from 'react'
import { afterEach, beforeEach, describe, expect, expectTypeOf, it, vi } from 'vitest'
import { Page } from '../../test/support/page.tsx'
import { BroadcastingProvider } from './broadcasting-provider.tsx'
import { useBroadcastChannel } from './use-broadcast-channel.ts'

beforeEach(() => {
  vi.useFakeTimers()
  window.location.href = 'http://shop.test/'
})
afterEach(() => {
  cleanup()
  vi.useRealTimers()
})

/** A mounted hook whose channel is subscribed. */
function mounted(channel = 'orders', options?: { limit?: number }) {
  const page = new Page()
  const hook = renderHook((name: string) => useBroadcastChannel(name, options), {
    wrapper: page.wrapper,
    initialProps: channel,
  })
  act(() => {
    page.pusher.open()
    page.pusher.accept(channel)
  })
  const receive = (event: string, data?: unknown, name = channel) =>
    act(() => page.pusher.receive(name, event, data))
  const events = () => hook.result.current.map(({ event }) => event)
  return { page, ...hook, receive, events }
}

function List() {
  return <p>{useBroadcastChannel('orders').map(({ event }) => `${event} `)}</p>
}

describe('useBroadcastChannel', () => {
  it('gives the events of the channel, with their data and the time of arrival', () => {
    vi.setSystemTime(1_700_000_000_000)
    const { result, receive } = mounted()
    expect(result.current).toEqual([])
    receive('OrderShipped', { order_id: 1 })
    receive('note', 'plain text')
    expect(result.current).toEqual([
      { event: 'OrderShipped', data: { order_id: 1 }, receivedAt: 1_700_000_000_000 },
      { event: 'note', data: 'plain text', receivedAt: 1_700_000_000_000 },
    ])
  })

  it('shows no event of the protocol', () => {
    const { result, receive } = mounted()
    receive('pusher:subscription_count', { subscription_count: 2 })
    receive('pusher_internal:member_added', {})
    expect(result.current).toEqual([])
  })

  it('gives the same array until the next message', () => {
    const { result, receive, rerender } = mounted()
    receive('first')
    const before = result.current
    rerender('orders')
    receive('pusher:subscription_count', {})
    expect(result.current).toBe(before)
    receive('second')
    expect(result.current).not.toBe(before)
  })

  it('keeps 200 messages, or as many as it is told', () => {
    const many = mounted()
    act(() => {
      for (let n = 1; n <= 250; n++) many.page.pusher.receive('orders', `event ${n}`)
    })
    expect(many.events()).toHaveLength(200)
    expect(many.events().at(0)).toBe('event 51')
    expect(many.events().at(-1)).toBe('event 250')

    const few = mounted('orders', { limit: 2 })
    for (const event of ['a', 'b', 'c']) few.receive(event)
    expect(few.events()).toEqual(['b', 'c'])

    const none = mounted('orders', { limit: 0 })
    none.receive('a')
    expect(none.events()).toEqual([])
  })

  it('is empty from the first render with another channel on, and leaves the former one', () => {
    const rendered: string[] = []
    const page = new Page()
    const { rerender } = renderHook(
      (channel: string) => {
        const messages = useBroadcastChannel(channel)
        rendered.push(`${channel}: ${messages.map(({ event }) => event)}`)
      },
      { wrapper: page.wrapper, initialProps: 'orders.1' },
    )
    act(() => {
      page.pusher.open()
      page.pusher.accept('orders.1')
      page.pusher.receive('orders.1', 'OrderShipped')
    })
    expect(rendered.at(-1)).toBe('orders.1: OrderShipped')
    rendered.length = 0
    rerender('orders.2')
    act(() => {
      page.pusher.accept('orders.2')
      page.pusher.receive('orders.1', 'Late')
    })
    expect(new Set(rendered)).toEqual(new Set(['orders.2: ']))
    act(() => page.pusher.receive('orders.2', 'OrderPaid'))
    expect(rendered.at(-1)).toBe('orders.2: OrderPaid')
    act(() => vi.advanceTimersByTime(1000))
    expect(page.pusher.sent).toEqual(['subscribe orders.1', 'subscribe orders.2', 'unsubscribe orders.1'])
  })

  it('subscribes once in StrictMode, which mounts everything twice', () => {
    const page = new Page()
    const { result } = renderHook(() => useBroadcastChannel('orders'), {
      wrapper: ({ children }) => <StrictMode>{page.wrapper({ children })}</StrictMode>,
    })
    act(() => {
      page.pusher.open()
      page.pusher.accept('orders')
      vi.advanceTimersByTime(5000)
      page.pusher.receive('orders', 'OrderShipped')
    })
    expect(page.pusher.sent).toEqual(['subscribe orders'])
    expect(result.current).toHaveLength(1)
  })

  it('shares one subscription among components, of which each has its own messages', () => {
    const page = new Page()
    const { rerender, container } = render([<List key="a" />], { wrapper: page.wrapper })
    act(() => {
      page.pusher.open()
      page.pusher.accept('orders')
      page.pusher.receive('orders', 'first')
    })
    rerender([<List key="a" />, <List key="b" />])
    act(() => page.pusher.receive('orders', 'second'))
    expect(container.innerHTML).toBe('<p>first second </p><p>second </p>')
    rerender([<List key="b" />])
    act(() => vi.advanceTimersByTime(5000))
    act(() => page.pusher.receive('orders', 'third'))
    expect(container.innerHTML).toBe('<p>second third </p>')
    expect(page.pusher.sent).toEqual(['subscribe orders'])
  })

  it('leaves the channel and ends the connection some time after it is unmounted', () => {
    const { page, unmount } = mounted()
    unmount()
    expect(page.pusher.connection.state).toBe('connected')
    vi.advanceTimersByTime(1000)
    expect(page.pusher.sent).toEqual(['subscribe orders', 'unsubscribe orders'])
    expect(page.pusher.connection.state).toBe('disconnected')
  })

  it('stays subscribed when a component makes room for another with the same channel', () => {
    const page = new Page()
    const { rerender, container } = render(<List key="a" />, { wrapper: page.wrapper })
    act(() => {
      page.pusher.open()
      page.pusher.accept('orders')
    })
    rerender(<p>in between</p>)
    act(() => vi.advanceTimersByTime(500))
    rerender(<List key="b" />)
    act(() => vi.advanceTimersByTime(5000))
    act(() => page.pusher.receive('orders', 'OrderShipped'))
    expect(container.textContent).toBe('OrderShipped ')
    expect(page.pusher.sent).toEqual(['subscribe orders'])
  })

  it('takes the type of the data', () => {
    const page = new Page()
    renderHook(
      () => {
        expectTypeOf(useBroadcastChannel('a')[0]?.data).toBeUnknown()
        const [message] = useBroadcastChannel<{ order_id: number }>('b')
        expectTypeOf(message?.data).toEqualTypeOf<{ order_id: number } | undefined>()
      },
      { wrapper: page.wrapper },
    )
  })
})

describe('BroadcastingProvider', () => {
  it('gives another connection when its key changes', () => {
    const page = new Page()
    const provider = (user: string) => (
      <BroadcastingProvider key={user} settings={page.settings}>
        <List />
      </BroadcastingProvider>
    )
    const { rerender } = render(provider('ada'))
    rerender(provider('ada'))
    expect(page.pushers).toHaveLength(1)
    rerender(provider('bob'))
    expect(page.pushers).toHaveLength(2)
    act(() => vi.advanceTimersByTime(1000))
    expect(page.pushers.map(({ connection }) => connection.state)).toEqual(['disconnected', 'connecting'])
  })
})

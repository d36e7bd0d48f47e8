// @vitest-environment node
import { renderToString } from 'react-dom/server'
import { describe, expect, it } from 'vitest'
import { Page } from '../../test/support/page.tsx'
import {
  useBroadcastChannel,
  useBroadcastEvent,
  useConnectionStatus,
  usePresence,
  useSocketId,
  useSubscriptionStatus,
  useWhisper,
} from './index.ts'

function Everything() {
  const messages = useBroadcastChannel('orders')
  const { members } = usePresence('presence-shop')
  useBroadcastEvent('orders', 'OrderShipped', () => {})
  useWhisper('private-chat')
  const facts = [messages.length, members.length, useSubscriptionStatus('orders').state]
  return <p>{[...facts, useConnectionStatus().state, String(useSocketId())].join(' ')}</p>
}

const expected = '<p>0 0 subscribing initialized undefined</p>'

describe('On a server', () => {
  it('the hooks render what is known before anything has arrived, and connect to nothing', () => {
    const page = new Page()
    expect(renderToString(page.wrapper({ children: <Everything /> }))).toBe(expected)
    expect(page.pushers).toEqual([])
  })

  it('no provider and no page is needed', () => {
    expect(globalThis).not.toHaveProperty('window')
    expect(renderToString(<Everything />)).toBe(expected)
  })
})

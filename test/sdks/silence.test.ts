import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { connect } from './client-sdk.ts'
import { Driver } from './driver.ts'
import { startRoot } from './set-up.ts'

describe('60 s of silence', () => {
  const clients = [
    { sdk: new Driver('pysher') },
    { sdk: new Driver('pusher-java-client') },
    // This one does not leave it to the server: it sends `pusher:ping`, without data, and reconnects without a pong.
    { sdk: new Driver('pusher-java-client'), options: { activity_timeout: 5000 } },
  ]

  it('C21 C23 C24 end no connection of pysher and of the client for Java, which answer only WebSocket pings', async () => {
    const server = await startRoot({ pingInterval: 5, pongTimeout: 5 })
    const before = await Promise.all(clients.map(({ sdk, options }) => connect(sdk, server, options)))
    await Promise.all(clients.map(({ sdk }) => sdk.call('subscribe', { channel: 'news' })))
    await wait(60_000)
    expect(await Promise.all(clients.map(({ sdk }) => sdk.call('state')))).toEqual(before)
    expect(await server.publish('news', 'order.paid', '{"id":42}')).toBe(clients.length)
    for (const { sdk } of clients) expect(await sdk.next()).toMatchObject({ event: 'order.paid' })
  }, 90_000)
})

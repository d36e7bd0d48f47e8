import PusherServer from 'pusher'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { OutgoingEvent } from '../../src/broadcasting/broadcaster.ts'
import { HttpBroadcaster } from '../../src/broadcasting/drivers/http.ts'
import { ApiClient } from '../../src/broadcasting/http/api-client.ts'
import { parseSocketId } from '../../src/protocol/names.ts'
import { apiApp } from '../support/api.ts'
import { answerWith, queryOf, startFakeApi, targetOn } from '../support/fake-api.ts'

// Driver `pusher` must be welcome wherever the official SDK is: both ask the same, and the requests are compared.

async function setUp(info?: string) {
  const api = await startFakeApi([answerWith(200)])
  const target = targetOn(api.port, { info })
  const broadcaster = new HttpBroadcaster(target)
  const client = new ApiClient(target)
  onTestFinished(async () => {
    await broadcaster.close()
    await client.close()
  })
  const { id, key, secret } = apiApp
  const sdk = new PusherServer({ appId: id, key, secret, host: '127.0.0.1', port: String(api.port) })
  /** What both have asked, without what differs from moment to moment. */
  const compare = () => {
    const [theirs, ours] = api.requests.map((request) => {
      const { auth_timestamp, auth_signature, body_md5, ...query } = queryOf(request)
      expect(Number(auth_timestamp)).toBeCloseTo(Date.now() / 1000, -2)
      expect(auth_signature).toMatch(/^[0-9a-f]{64}$/)
      const { method, url, body, headers } = request
      const path = decodeURI(url.split('?')[0] ?? '')
      return {
        method,
        path,
        query,
        hasDigest: body_md5 !== undefined,
        type: headers['content-type'],
        body: body && JSON.parse(body),
      }
    })
    expect(api.requests).toHaveLength(2)
    expect(ours).toEqual(theirs)
  }
  return { broadcaster, client, sdk, compare, requests: api.requests }
}

const event: OutgoingEvent = {
  channels: ['news', 'private-orders.1'],
  event: 'order.paid',
  data: '{"name":"Zoë"}',
  socketId: parseSocketId('1.2'),
}

describe('HttpBroadcaster asks as the pusher SDK for Node does', () => {
  it('to send an event', async () => {
    const { broadcaster, sdk, compare } = await setUp('user_count')
    await sdk.trigger([...event.channels], event.event, event.data, { socket_id: '1.2', info: 'user_count' })
    await broadcaster.broadcast(event)
    compare()
  })

  it('to send a batch', async () => {
    const { broadcaster, sdk, compare } = await setUp()
    const { event: name, data } = event
    const entry = { name, data, socket_id: '1.2' }
    await sdk.triggerBatch(event.channels.map((channel) => ({ ...entry, channel })))
    await broadcaster.broadcastBatch([event])
    compare()
  })

  it.each(['7', 'zoë', 'a b'])('to disconnect the user %j', async (id) => {
    const { broadcaster, sdk, compare } = await setUp()
    await sdk.terminateUserConnections(id)
    await broadcaster.disconnectUser(id)
    compare()
  })

  it('for channels', async () => {
    const { client, sdk, compare } = await setUp()
    await sdk.get({ path: '/channels', params: { filter_by_prefix: 'presence-', info: 'user_count' } })
    await client.get(['channels'], { filter_by_prefix: 'presence-', info: 'user_count' })
    compare()
  })
})

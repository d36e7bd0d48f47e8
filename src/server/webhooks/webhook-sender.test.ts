import { Agent } from 'node:http'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { eventually } from '../../../test/support/eventually.ts'
import { Endpoint } from '../../../test/support/webhooks.ts'
import { silentLogger } from '../../support/logger.ts'
import { Metrics } from '../metrics.ts'
import { Complaints } from './complaints.ts'
import { webhookTimings } from './timings.ts'
import { type WebhookRequest, WebhookSender } from './webhook-sender.ts'

/** A sender that is given these requests, one after the other. */
function senderOf(requests: WebhookRequest[]) {
  const metrics = new Metrics()
  const agent = new Agent()
  onTestFinished(() => agent.destroy())
  const idle = vi.fn()
  const sender = new WebhookSender({
    next: () => requests.shift(),
    agent,
    timings: webhookTimings,
    complaints: new Complaints('http://x/hook', metrics, silentLogger),
    idle,
  })
  return { sender, metrics, idle }
}

function requestTo(url: string, until: number): WebhookRequest {
  const body = Buffer.from('{"time_ms":1,"events":[]}')
  return { url: new URL(url), headers: {}, body, channels: new Set(['news']), events: 3, until }
}

describe('WebhookSender', () => {
  it('C160 does not try what has become too old, and counts its events as lost', async () => {
    const endpoint = await Endpoint.open()
    const { sender, metrics, idle } = senderOf([requestTo(endpoint.url, performance.now())])
    sender.flush()
    expect(metrics).toMatchObject({ webhookEventsDropped: 3, webhooksFailed: 0 })
    expect(idle).toHaveBeenCalledTimes(1)
    expect([sender.events, sender.bytes, endpoint.told.length]).toEqual([0, 0, 0])
  })

  it('counts events and bytes until they are taken', async () => {
    const endpoint = await Endpoint.open()
    const { sender, idle } = senderOf([requestTo(endpoint.url, performance.now() + 10_000)])
    sender.proceed()
    expect([sender.events, sender.bytes]).toEqual([3, 25])
    await eventually(() => idle).toHaveBeenCalled()
    expect([sender.events, sender.bytes]).toEqual([0, 0])
  })
})

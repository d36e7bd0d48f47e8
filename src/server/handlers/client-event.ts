import type { ClientMessage } from '../../protocol/decode.ts'
import { PusherError } from '../../protocol/errors.ts'
import { kindOf, maxEventName } from '../../protocol/names.ts'
import type { Awaitable } from '../../support/awaitable.ts'
import type { App } from '../apps/app.ts'
import type { Connection } from '../connection.ts'
import type { Lifecycle } from '../lifecycle.ts'
import type { Metrics } from '../metrics.ts'
import type { Publish } from '../publish.ts'

type ClientEventMessage = Extract<ClientMessage, { event: 'client-event' }>

interface ClientEventParts {
  readonly publish: Publish
  readonly lifecycle: Lifecycle
  readonly metrics: Metrics
}

/** Handles `client-…` events: the rules of protocol.md 3, in their order; every attempt counts against the rate. */
export function createClientEvent({ publish, lifecycle, metrics }: ClientEventParts) {
  return function clientEvent(connection: Connection, message: ClientEventMessage): Awaitable<unknown> {
    const { app } = connection
    const { name, channel, data } = message
    const withinRate = connection.limiter.clientEvent(performance.now())
    if (name.length > maxEventName) {
      throw new PusherError(4301, `An event name has at most ${maxEventName} characters`, channel)
    }
    refuseByKind(app, channel)
    const subscription = connection.subscriptions.get(channel)
    if (subscription?.state !== 'live') {
      throw new PusherError(null, 'Client events need a subscription of this channel', channel)
    }
    if (!withinRate) {
      throw new PusherError(4301, `At most ${app.clientEventRate} client events per second`, channel)
    }
    if (Buffer.byteLength(data) > app.maxClientEventSize) {
      throw new PusherError(4301, `Client event data has at most ${app.maxClientEventSize} bytes`, channel)
    }
    metrics.clientEventsAccepted++
    const { socketId } = connection
    const userId = subscription.member?.id
    const { name: target } = subscription.channel
    const published = publish({
      kind: 'client',
      app,
      channel: target,
      event: name,
      data,
      except: socketId,
      userId,
    })
    if (lifecycle.listening) {
      lifecycle.announce({ name: 'client_event', app, channel: target, event: name, data, socketId, userId })
    }
    return published
  }
}

function refuseByKind({ clientEvents }: App, channel: string): void {
  const { access, encrypted } = kindOf(channel)
  const allowed =
    access === 'private' || access === 'presence' || (access === 'public' && clientEvents === 'all')
  if (encrypted || !allowed) {
    throw new PusherError(null, 'Client events are not possible on this kind of channel', channel)
  }
  if (clientEvents === 'none') throw new PusherError(4301, 'Client events are disabled', channel)
}

// Compiled by `npm run types`, never run: what the types of the application side allow and refuse.
import { createServer } from 'node:http'
import { type FastifyInstance, type FastifyRequest, fastify } from 'fastify'
import { pino } from 'pino'
import {
  Application,
  Broadcast,
  BroadcastEvent,
  type BroadcastingConfig,
  type BroadcastRequest,
  Channel,
  Provider,
  ReverbProvider,
} from '../../src/index.ts'
import { type FastifyConfig, FastifyProvider } from '../../src/integrations/fastify.ts'
import type { ReverbServer } from '../../src/server/index.ts'

declare module '../../src/index.ts' {
  interface Bindings {
    mailer: { send(to: string): void }
  }
  interface BroadcastUser {
    readonly email?: string
  }
}

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <A, B>(_equal: Equal<A, B>) => {}

class MailProvider extends Provider<{ readonly from: string }> {}
class ChoiceProvider extends Provider<{ readonly url?: string } | { readonly client: Date }> {}

// Configuration fits its provider.
new Application({
  basePath: '.',
  providers: [
    FastifyProvider,
    [FastifyProvider, { bodyLimit: 1 }],
    ReverbProvider,
    [ReverbProvider, { driver: 'log', server: { maxMessageSize: 1 } }],
    [ReverbProvider, (app) => ({ logger: app.fastify.log })],
    [MailProvider, { from: 'shop' }],
    [ChoiceProvider, { url: 'a' }],
    [ChoiceProvider, { client: new Date() }],
  ],
})
// @ts-expect-error a value of the wrong type
new Application({ providers: [[ReverbProvider, { driver: 1 }]] })
// @ts-expect-error a function that returns one
new Application({ providers: [[ReverbProvider, () => ({ driver: 1 })]] })
// @ts-expect-error a name that does not exist
new Application({ providers: [[ReverbProvider, { drivr: 'log' }]] })
// @ts-expect-error an option of the server that does not exist
new Application({ providers: [[ReverbProvider, { server: { maxMesageSize: 1 } }]] })
// @ts-expect-error a provider that needs its configuration
new Application({ providers: [MailProvider] })

// The web app may be any of Fastify's: plain, secure or HTTP/2, with any logger, given or made.
const providersOf = (config: FastifyConfig) => [[FastifyProvider, config]] as const
providersOf({ https: { key: '', cert: '' } })
providersOf({ https: null, bodyLimit: 1 })
providersOf({ http2: true })
providersOf({ http2: true, https: { allowHTTP1: true } })
providersOf({ loggerInstance: pino() })
providersOf({ instance: fastify() })
providersOf({ instance: fastify({ loggerInstance: pino() }) })
providersOf({ instance: fastify({ https: { key: '', cert: '' } }) })
providersOf({ instance: fastify({ http2: true }) })
providersOf({ instance: fastify({ http2: true, https: {}, loggerInstance: pino() }) })
new Application({
  providers: [
    [FastifyProvider, { https: { key: '', cert: '' } }],
    [FastifyProvider, { http2: true }],
    [FastifyProvider, { instance: fastify({ loggerInstance: pino() }) }],
    [FastifyProvider, { instance: fastify({ http2: true }) }],
  ],
})
// @ts-expect-error an option that Fastify does not have
new Application({ providers: [[FastifyProvider, { bodyLimt: 1 }]] })
// @ts-expect-error a server that is no Fastify app
new Application({ providers: [[FastifyProvider, { instance: createServer() }]] })

// What is bound is typed by key, the keys of users and integrations too.
const app = new Application({ providers: [] })
same<ReturnType<typeof app.make<'mailer'>>, { send(to: string): void }>(true)
same<ReturnType<typeof app.make<'reverb.server'>>, ReverbServer>(true)
same<typeof app.fastify, FastifyInstance>(true)
app.bind('mailer', { send: () => {} })
// @ts-expect-error not what the key stands for
app.bind('mailer', 'nobody')
// @ts-expect-error a key that nobody declared
app.make('mailr')

// The framework's request reaches `user` and rules, what users declare reaches rules.
same<BroadcastRequest, FastifyRequest>(true)
export const config = {
  user: (request) => ({ id: request.ip, email: request.hostname }),
} satisfies BroadcastingConfig
Broadcast.channel('orders.{orderId}', ({ user, params, request }) => {
  same<typeof params, { readonly orderId: string }>(true)
  same<typeof user.email, string | undefined>(true)
  return request.ip === user.email
})

// Events compile with and without `override`.
export class Shipped extends BroadcastEvent {
  static eventName = 'order.shipped'
  broadcastOn() {
    return new Channel('orders')
  }
  broadcastWhen() {
    return true
  }
  broadcastWith() {
    return { status: 'shipped' }
  }
}
// @ts-expect-error an event says where it goes
export class Nowhere extends BroadcastEvent {}

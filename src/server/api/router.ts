import type { IncomingMessage, ServerResponse } from 'node:http'
import createRouter, { type HTTPMethod } from 'find-my-way'
import { type Awaitable, isPromise } from '../../support/awaitable.ts'
import { messageOf } from '../../support/errors.ts'
import type { Logger } from '../../support/logger.ts'
import type { App } from '../apps/app.ts'
import type { Apps } from '../apps/apps.ts'
import { withoutQuery } from '../attach.ts'
import { AppLookupError, RefusedError } from '../errors.ts'
import type { Grace } from '../grace.ts'
import type { Metrics } from '../metrics.ts'
import { ApiLimiter } from './api-limiter.ts'
import type { createChannels } from './channels.ts'
import type { createEvents } from './events.ts'
import {
  type Answer,
  type ApiRequest,
  decode,
  RawQuery,
  readBody,
  verifyBody,
  verifySignature,
} from './request.ts'
import { userPathOf } from './user-path.ts'
import type { createUsers } from './users.ts'

/** Where a request came in. */
export interface ApiDoor {
  /** The path that follows the prefix of the mount. */
  readonly path: string
  /** Key of the one app that the mount is restricted to. */
  readonly only: string | undefined
}

type Params = ApiRequest['params']
type SignedHandler = (request: ApiRequest) => Promise<Answer>

interface ApiParts {
  readonly apps: Pick<Apps, 'findById' | 'findByKey'>
  readonly events: ReturnType<typeof createEvents>
  readonly channels: ReturnType<typeof createChannels>
  readonly users: ReturnType<typeof createUsers>
  /** Requests whose body is awaited, each for `bodyDeadline`. */
  readonly bodies: Grace<IncomingMessage>
  readonly metrics: Metrics
  readonly logger: Logger
  /** Why the server is not ready, if it is not. */
  readonly trouble: () => string | undefined
}

/** Answers every request under a mount with a JSON object (protocol.md 6.1). Never rejects. */
export type Api = (request: IncomingMessage, response: ServerResponse, door: ApiDoor) => Promise<void>

interface Route {
  readonly answer: (request: IncomingMessage, found: Found, door: ApiDoor) => Promise<Answer>
}

interface Found {
  readonly route: Route
  readonly params: Params
  /** What a sender may have signed, undecoded: without the mount's prefix, and with it. */
  readonly paths: readonly string[]
}

/** How a request says which app it is for. */
interface AppSource {
  readonly find: (params: Params, query: RawQuery) => Awaitable<App | undefined>
  readonly unknown: (params: Params) => RefusedError
}

/** Makes the HTTP API: health, and the signed routes of protocol.md 6.2 to 6.8. */
export function createApi({
  apps,
  events,
  channels,
  users,
  bodies,
  metrics,
  logger,
  trouble,
}: ApiParts): Api {
  const router = createRouter({ maxParamLength: 1024 })
  const methods: readonly HTTPMethod[] = ['GET', 'POST']
  const limiter = new ApiLimiter()
  const byId: AppSource = {
    find: ({ app = '' }) => apps.findById(app),
    unknown: ({ app }) => new RefusedError(404, `No app has the id "${app}"`),
  }
  const byKey: AppSource = {
    find: (_params, query) => apps.findByKey(query.get('auth_key') ?? ''),
    unknown: () => new RefusedError(401, 'auth_key is not the key of an app'),
  }

  open('/up', async () => ({ health: 'OK' }))
  open('/ready', async () => {
    const reason = trouble()
    if (reason !== undefined) throw new RefusedError(503, reason)
    return { ready: true }
  })
  open('/app/*', async () => {
    const headers = { upgrade: 'websocket' }
    throw new RefusedError(426, 'This path speaks WebSocket: send an upgrade request', headers)
  })
  signed('POST', '/apps/:app/events', events.event)
  signed('POST', '/apps/:app/batch_events', events.batch)
  signed('GET', '/apps/:app/channels', channels.list)
  signed('GET', '/apps/:app/channels/:channel', channels.channel)
  signed('GET', '/apps/:app/channels/:channel/users', channels.users)
  signed('GET', '/apps/:app/connections', channels.connections)
  signed('POST', '/apps/:app/users/:user/terminate_connections', users.terminate)
  signed('POST', '/apps/:app/users/:user/unsubscribe', users.unsubscribe)
  // The Python SDK leaves out the app.
  signed('POST', '/users/:user/terminate_connections', users.terminate, byKey)

  return async function api(request, response, door) {
    metrics.apiRequests++
    try {
      const found = find(request, door.path)
      respond(response, 200, await found.route.answer(request, found, door))
    } catch (thrown) {
      refuse(request, response, thrown)
    }
  }

  function open(path: string, answer: Route['answer']): void {
    const route: Route = { answer }
    router.on('GET', path, () => {}, route)
  }

  function signed(method: HTTPMethod, path: string, handle: SignedHandler, source = byId): void {
    const route: Route = {
      async answer(request, { params, paths }, { only }) {
        const query = new RawQuery(request.url ?? '')
        const found = source.find(params, query)
        const app = isPromise(found) ? await found : found
        if (app === undefined || (only !== undefined && only !== app.key)) throw source.unknown(params)
        if (!app.enabled) throw new RefusedError(403, 'The app is disabled')
        verifySignature(app, { method, paths, query })
        holdToRate(app)
        const body = await readBody(request, app.maxRequestSize, bodies)
        verifyBody(query, body)
        return handle({ app, params, query, body })
      },
    }
    router.on(method, path, () => {}, route)
  }

  function holdToRate(app: App): void {
    const wait = limiter.take(app, performance.now())
    if (wait === 0) return
    const headers = { 'retry-after': String(Math.ceil(wait)) }
    throw new RefusedError(429, `The app may send ${app.apiRate} requests a second`, headers)
  }

  function find({ method = 'GET', url = '' }: IncomingMessage, path: string): Found {
    const user = userPathOf(path, url)
    const routed = user?.route ?? path
    const wanted = method === 'HEAD' ? 'GET' : method
    const found = methods.find((known) => known === wanted) && router.find(wanted as HTTPMethod, routed)
    if (found) {
      const params = user === undefined ? found.params : { ...found.params, user: decode(user.id) }
      const paths = [user?.signed ?? path, withoutQuery(url)]
      // The store is the Route that open() or signed() put there.
      return { route: found.store as unknown as Route, params, paths }
    }
    const allowed = methods.filter((known) => router.find(known, routed))
    if (allowed.length === 0) throw new RefusedError(404, `Nothing is at ${withoutQuery(url).slice(0, 200)}`)
    throw new RefusedError(405, `This path allows ${allowed.join(', ')}`, { allow: allowed.join(', ') })
  }

  /** Nobody reads the body of a refused request; it must not come for ever either. */
  function endInTime(request: IncomingMessage): void {
    bodies.cancel(request)
    bodies.hold(request, () => request.destroy())
    request.once('close', () => bodies.cancel(request))
  }

  function refuse(request: IncomingMessage, response: ServerResponse, thrown: unknown): void {
    if (!request.complete) endInTime(request)
    if (thrown instanceof RefusedError || thrown instanceof AppLookupError) {
      metrics.apiRequestsRefused++
      const headers = thrown instanceof RefusedError ? thrown.answerHeaders : {}
      respond(response, thrown.answered, { error: thrown.message, code: thrown.answered }, headers)
      return
    }
    metrics.apiFailures++
    logger.error(`${request.method} ${withoutQuery(request.url ?? '')} failed: ${messageOf(thrown)}`)
    respond(response, 500, { error: 'The server failed to answer this request', code: 500 })
  }
}

function respond(response: ServerResponse, status: number, answer: Answer, headers = {}): void {
  // A hook of the app may have answered meanwhile, without ending the request.
  if (response.headersSent) return
  const text = JSON.stringify(answer)
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...headers,
  })
  response.end(text)
}

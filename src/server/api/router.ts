import type { IncomingMessage, ServerResponse } from 'node:http'
import createRouter, { type HTTPMethod } from 'find-my-way'
import { messageOf } from '../../support/errors.ts'
import type { Logger } from '../../support/logger.ts'
import type { App } from '../apps/app.ts'
import type { AppManager } from '../apps/app-manager.ts'
import { RefusedError } from '../errors.ts'
import type { Metrics } from '../metrics.ts'
import type { createChannels } from './channels.ts'
import type { createEvents } from './events.ts'
import { type Answer, type ApiRequest, RawQuery, readBody, verifyBody, verifySignature } from './request.ts'

/** Where a request came in. */
export interface ApiDoor {
  /** The path that follows the prefix of the mount. */
  readonly path: string
  /** The one app that the mount is restricted to. */
  readonly only: App | undefined
}

type SignedHandler = (request: ApiRequest) => Promise<Answer>

interface ApiParts {
  readonly apps: AppManager
  readonly events: ReturnType<typeof createEvents>
  readonly channels: ReturnType<typeof createChannels>
  readonly metrics: Metrics
  readonly logger: Logger
  /** Whether the server takes new work. */
  readonly ready: () => boolean
}

/** Answers every request under a mount with a JSON object (protocol.md 6.1). Never rejects. */
export type Api = (request: IncomingMessage, response: ServerResponse, door: ApiDoor) => Promise<void>

interface Route {
  readonly answer: (request: IncomingMessage, door: ApiDoor, params: ApiRequest['params']) => Promise<Answer>
}

/** Makes the HTTP API: health, and the signed routes of protocol.md 6.2 to 6.6. */
export function createApi({ apps, events, channels, metrics, logger, ready }: ApiParts): Api {
  const router = createRouter({ maxParamLength: 1024 })
  const methods: readonly HTTPMethod[] = ['GET', 'POST']

  open('/up', async () => ({ health: 'OK' }))
  open('/ready', async () => {
    if (!ready()) throw new RefusedError(503, 'The server is shutting down')
    return { ready: true }
  })
  open('/app/*', async () => {
    throw new RefusedError(426, 'This path speaks WebSocket: send an upgrade request')
  })
  signed('POST', '/apps/:app/events', events.event)
  signed('POST', '/apps/:app/batch_events', events.batch)
  signed('GET', '/apps/:app/channels', channels.list)
  signed('GET', '/apps/:app/channels/:channel', channels.channel)
  signed('GET', '/apps/:app/channels/:channel/users', channels.users)

  return async function api(request, response, door) {
    metrics.apiRequests++
    try {
      const found = find(request.method ?? 'GET', door.path)
      respond(response, 200, await found.store.answer(request, door, found.params))
    } catch (thrown) {
      refuse(request, response, thrown)
    }
  }

  function open(path: string, answer: Route['answer']): void {
    const route: Route = { answer }
    router.on('GET', path, () => {}, route)
  }

  function signed(method: HTTPMethod, path: string, handle: SignedHandler): void {
    const route: Route = {
      async answer(request, { path, only }, params) {
        const app = apps.findById(params['app'] ?? '')
        if (app === undefined || (only !== undefined && only !== app)) {
          throw new RefusedError(404, `No app has the id "${params['app']}"`)
        }
        if (!app.enabled) throw new RefusedError(403, 'The app is disabled')
        const url = request.url ?? ''
        const query = new RawQuery(url)
        verifySignature(app, { method, paths: [path, url.split('?', 1)[0] ?? ''], query })
        const body = await readBody(request, app.maxRequestSize)
        verifyBody(query, body)
        return handle({ app, params, query, body })
      },
    }
    router.on(method, path, () => {}, route)
  }

  function find(method: string, path: string): { store: Route; params: ApiRequest['params'] } {
    const wanted = method === 'HEAD' ? 'GET' : method
    const found = methods.find((known) => known === wanted) && router.find(wanted as HTTPMethod, path)
    // The store is the Route that open() or signed() put there.
    if (found) return found as unknown as { store: Route; params: ApiRequest['params'] }
    const allowed = methods.filter((known) => router.find(known, path))
    if (allowed.length === 0) throw new RefusedError(404, `Nothing is at ${path.slice(0, 200)}`)
    throw new MethodError(allowed.join(', '))
  }

  function refuse(request: IncomingMessage, response: ServerResponse, thrown: unknown): void {
    if (thrown instanceof RefusedError) {
      metrics.apiRequestsRefused++
      if (thrown instanceof MethodError) response.setHeader('Allow', thrown.allow)
      if (thrown.status === 426) response.setHeader('Upgrade', 'websocket')
      respond(response, thrown.status, { error: thrown.message, code: thrown.status })
      return
    }
    metrics.apiFailures++
    logger.error(`${request.method} ${request.url?.split('?', 1)[0]} failed: ${messageOf(thrown)}`)
    respond(response, 500, { error: 'The server failed to answer this request', code: 500 })
  }
}

class MethodError extends RefusedError {
  readonly allow: string

  constructor(allow: string) {
    super(405, `This path allows ${allow}`)
    this.allow = allow
  }
}

function respond(response: ServerResponse, status: number, answer: Answer): void {
  // A hook of the app may have answered meanwhile, without ending the request.
  if (response.headersSent) return
  const text = JSON.stringify(answer)
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  })
  response.end(text)
}

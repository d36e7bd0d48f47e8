import type { Server as HttpServer } from 'node:http'
import type { Http2SecureServer, Http2Server } from 'node:http2'
import type { Server as HttpsServer } from 'node:https'
import {
  type FastifyHttp2Options,
  type FastifyHttp2SecureOptions,
  type FastifyHttpOptions,
  type FastifyHttpsOptions,
  type FastifyInstance,
  type FastifyRequest,
  fastify,
  type RawServerBase,
} from 'fastify'
import { runInRequest } from '../broadcasting/request-context.ts'
import { Application } from '../foundation/application.ts'
import { ProviderError } from '../foundation/errors.ts'
import type { HttpApp, HttpRequest, HttpRoute } from '../foundation/http.ts'
import { Provider } from '../foundation/provider.ts'

declare module '../foundation/application.ts' {
  interface Application {
    /** The web app; throws a MissingBindingError until FastifyProvider has registered, in `boot()`. */
    readonly fastify: FastifyInstance
  }
  interface Bindings {
    /** The web app; bound by FastifyProvider. */
    fastify: FastifyInstance
  }
}

declare module '../broadcasting/user.ts' {
  interface BroadcastRequests {
    /** The request of a Fastify app. */
    fastify: FastifyRequest
  }
}

Object.defineProperty(Application.prototype, 'fastify', {
  configurable: true,
  get(this: Application) {
    return this.make('fastify')
  },
})

/** A Fastify app, whatever its server and its logger: what all of them have in common. */
export type AnyFastify = Pick<FastifyInstance, 'version' | 'prefix' | 'printRoutes'> & {
  /** The HTTP server that it listens with. */
  readonly server: RawServerBase
}

/** Fastify's own options, for whatever server, or a Fastify app that exists already. */
export type FastifyConfig =
  | FastifyHttpOptions<HttpServer>
  | FastifyHttpsOptions<HttpsServer>
  | FastifyHttp2Options<Http2Server>
  | FastifyHttp2SecureOptions<Http2SecureServer>
  | {
      /** The app that exists already; it closes with the application. */
      readonly instance: AnyFastify
    }

/** Puts a Fastify app into the application, as `app.fastify`; it closes with the application. */
export class FastifyProvider extends Provider<FastifyConfig> {
  #fastify: FastifyInstance | undefined

  override register(): void {
    const instance = fastifyOf(this.config)
    this.#fastify = instance
    runRequestsInContext(instance)
    this.app.bind('fastify', instance)
    this.app.bind('http', new FastifyApp(instance))
  }

  override async shutdown(): Promise<void> {
    await this.#fastify?.close()
  }
}

function fastifyOf(config: FastifyConfig): FastifyInstance {
  const create: (options: object) => AnyFastify = fastify
  const instance = 'instance' in config ? config.instance : create(config)
  // The type is that of an app over plain HTTP; nothing that is done with it here depends on the server or the logger.
  return instance as FastifyInstance
}

/**
 * Runs every request as what `toOthers()` looks for. Twice: hooks and parsers that go on in the context of something
 * shared, such as the callback of a connection pool, leave that of the request.
 */
function runRequestsInContext(instance: FastifyInstance): void {
  try {
    instance.addHook('onRequest', (request, _reply, done) => runInRequest(request, done))
    instance.addHook('preValidation', (request, _reply, done) => runInRequest(request, done))
  } catch (error) {
    throw withAdvice(error, 'the hooks of FastifyProvider')
  }
}

/** Largest body of an auth request, in bytes. */
const bodyLimit = 65_536

class FastifyApp implements HttpApp {
  readonly #instance: FastifyInstance

  constructor(instance: FastifyInstance) {
    this.#instance = instance
  }

  /** In a scope of their own: the app's parsers neither see these bodies nor change. */
  async addRoutes(routes: readonly HttpRoute[]): Promise<void> {
    try {
      await this.#register(routes)
    } catch (error) {
      throw withAdvice(error, routes.map(({ path }) => path).join(' and '))
    }
  }

  async #register(routes: readonly HttpRoute[]): Promise<void> {
    await this.#instance.register(async (scope) => {
      scope.removeAllContentTypeParsers()
      scope.addContentTypeParser('*', { parseAs: 'string', bodyLimit }, (_request, body, done) =>
        done(null, body),
      )
      for (const { methods, path, handle } of routes) {
        scope.route({
          method: [...methods],
          url: path,
          handler: async (request, reply) => {
            const { status, headers, body } = await handle(toHttpRequest(request))
            return reply.code(status).headers(headers).send(body)
          },
        })
      }
    })
  }
}

/** What to throw for a refusal of Fastify: where it is ready or listens already, an error that says what to do. */
function withAdvice(error: unknown, refused: string): unknown {
  if (!isTooLate(error)) return error
  return new ProviderError(
    `Fastify takes ${refused} only before it is ready; call ready() and listen() after \`await app.boot()\``,
    { cause: error },
  )
}

/** Whether Fastify refuses because it is ready or listens already. */
function isTooLate(error: unknown): boolean {
  const codes: unknown[] = ['AVV_ERR_ROOT_PLG_BOOTED', 'FST_ERR_INSTANCE_ALREADY_LISTENING']
  return error instanceof Error && 'code' in error && codes.includes(error.code)
}

function toHttpRequest(request: FastifyRequest): HttpRequest {
  const { method, headers, body } = request
  // Fastify's own query parser gives an object.
  return { method, headers, body, query: request.query as HttpRequest['query'], original: request }
}

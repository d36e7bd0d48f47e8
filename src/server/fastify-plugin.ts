import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Mount, type NodeServer, pathUnder } from './attach.ts'

/** The part of a Fastify instance that a mount needs; Fastify itself is not imported. */
export interface FastifyLike {
  readonly prefix: string
  readonly server: NodeServer
  removeAllContentTypeParsers(): void
  addContentTypeParser(
    type: '*',
    parser: (request: unknown, payload: unknown, done: (error: Error | null, body?: unknown) => void) => void,
  ): void
  all(path: string, handler: (request: { raw: IncomingMessage }, reply: FastifyReplyLike) => void): void
  addHook(name: 'preClose', hook: () => Promise<void>): void
}

interface FastifyReplyLike {
  readonly raw: ServerResponse
  hijack(): void
}

/** A plugin for `fastify.register(plugin, { prefix })`. */
export type ReverbFastifyPlugin = (fastify: FastifyLike, options?: unknown) => Promise<void>

interface PluginParts {
  /** Claims the upgrades under the path, and says who answers the requests under it. */
  readonly claimUpgrades: (server: NodeServer, path: string) => Mount
  readonly close: () => Promise<void>
}

/** Without a prefix everything else stays the app's. */
const ownRoutes = ['/app/*', '/apps/*', '/up', '/ready']

/** A mount as an encapsulated plugin: body parsers of the app never see our requests, its root hooks do. */
export function createFastifyPlugin({ claimUpgrades, close }: PluginParts): ReverbFastifyPlugin {
  return async (fastify) => {
    const mount = claimUpgrades(fastify.server, fastify.prefix)
    fastify.removeAllContentTypeParsers()
    // The signature covers the raw body, so it is left in the stream.
    fastify.addContentTypeParser('*', (_request, _payload, done) => done(null))
    for (const route of mount.path === '' ? ownRoutes : ['/*']) {
      fastify.all(route, ({ raw }, reply) => {
        reply.hijack()
        mount.request(raw, reply.raw, pathUnder(mount.path, raw.url ?? '') ?? '')
      })
    }
    fastify.addHook('preClose', close)
  }
}

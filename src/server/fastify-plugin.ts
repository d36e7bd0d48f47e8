import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Mount, type NodeServer, pathUnder } from './attach.ts'

/** The part of a Fastify instance that a mount needs; Fastify itself is not imported. */
export interface FastifyLike {
  /** The prefix of the plugin; empty without one. */
  readonly prefix: string
  /** The HTTP server that the app listens with. */
  readonly server: NodeServer
  /** Adds a route for every method. */
  all(path: string, options: { onRequest: Take }, handler: () => void): void
  /** Has the hook run before the app closes its server. */
  addHook(name: 'preClose', hook: () => Promise<void>): void
}

/** Takes a request away from Fastify: no later hook, parser or handler sees it. */
type Take = (request: { raw: IncomingMessage }, reply: { raw: ServerResponse; hijack(): void }) => void

/** A plugin for `fastify.register(plugin, { prefix })`. */
export type ReverbFastifyPlugin = (fastify: FastifyLike, options?: unknown) => Promise<void>

interface PluginParts {
  /** Claims the upgrades under the path, and says who answers the requests under it. */
  readonly claimUpgrades: (server: NodeServer, path: string) => Mount
  readonly close: () => Promise<void>
}

/** Without a prefix everything else stays the app's. */
const ownRoutes = ['/app/*', '/apps/*', '/users/:id/terminate_connections', '/up', '/ready']

/** A mount as an encapsulated plugin: the app's `onRequest` hooks see our requests, its body parsers never do. */
export function createFastifyPlugin({ claimUpgrades, close }: PluginParts): ReverbFastifyPlugin {
  return async (fastify) => {
    const mount = claimUpgrades(fastify.server, fastify.prefix)
    // The signature covers the raw body, so nobody may have read it.
    const onRequest: Take = ({ raw }, reply) => {
      reply.hijack()
      mount.request(raw, reply.raw, pathUnder(mount.path, raw.url ?? '') ?? '')
    }
    for (const route of mount.path === '' ? ownRoutes : ['/*']) fastify.all(route, { onRequest }, () => {})
    fastify.addHook('preClose', close)
  }
}

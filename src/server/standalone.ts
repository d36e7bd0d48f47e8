import { readFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { ConfigurationError, messageOf } from '../support/errors.ts'
import type { Logger } from '../support/logger.ts'
import { type Claim, type Mount, type NodeServer, pathUnder } from './attach.ts'
import type { ServerAddress } from './client-options.ts'
import { appWithKnownSecret, type ServerConfig } from './config.ts'

/** Milliseconds that requests under way have to end at shutdown. */
const closeDeadline = 2_000

/** Where a server listens. */
export interface Bound {
  readonly host: string
  readonly port: number
}

interface StandaloneParts {
  readonly config: ServerConfig
  readonly logger: Logger
  /** Makes what is served; throws when the server is closed. */
  readonly mount: (path: string) => Mount
  readonly claim: (server: NodeServer, claim: Claim) => void
}

/** The server on a port of its own, once somebody wants it to listen. */
export class Standalone {
  readonly #parts: StandaloneParts
  #listening: Promise<Bound> | undefined
  #open: { readonly server: NodeServer; readonly address: ServerAddress } | undefined

  constructor(parts: StandaloneParts) {
    this.#parts = parts
  }

  /** Where it can be reached; undefined until it listens. */
  get address(): ServerAddress | undefined {
    return this.#open?.address
  }

  /** Listens; every call has the same answer, until one fails. Rejects with a {@link ConfigurationError}. */
  listen(): Promise<Bound> {
    this.#listening ??= this.#tryToListen()
    return this.#listening
  }

  /** Resolves when what is on its way up is there, or has failed. */
  async settled(): Promise<void> {
    await Promise.allSettled([this.#listening])
  }

  async close(): Promise<void> {
    if (this.#open) await closeStandalone(this.#open.server)
  }

  async #tryToListen(): Promise<Bound> {
    try {
      return await this.#listen()
    } catch (thrown) {
      this.#listening = undefined
      throw thrown
    }
  }

  async #listen(): Promise<Bound> {
    const { config, mount: make, claim } = this.#parts
    const { host, port, path, scheme } = config
    const mount = make(path)
    const server = createStandalone(config, (request, response) => {
      mount.request(request, response, pathUnder(path, request.url ?? '') ?? '')
    })
    const bound = await listen(server, host, port)
    const address = { secure: scheme === 'https', host: reachable(host), port: bound.port, path }
    this.#open = { server, address }
    claim(server, { path, upgrade: mount.upgrade })
    this.#warnOfKnownSecret()
    return { host, port: bound.port }
  }

  /** In production the settings refuse it. */
  #warnOfKnownSecret(): void {
    const { config, logger } = this.#parts
    const { host } = config
    const app = appWithKnownSecret(config.apps)
    if (app === undefined || host === 'localhost' || host === '::1' || host.startsWith('127.')) return
    logger.warn(
      `The app "${app.id}" has the well-known default secret and can be reached from outside on ${host}; ` +
        'run "npx reverb keys" and put what it prints into the environment',
    )
  }
}

/** An address under which a server can be reached that listens on all of them. */
export function reachable(host: string): string {
  return host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
}

/** An HTTP or HTTPS server as the settings say; throws a {@link ConfigurationError} for an unusable certificate. */
export function createStandalone(config: ServerConfig, listener: RequestListener): NodeServer {
  if (config.scheme === 'http') return createServer(listener)
  const { tlsPassphrase: passphrase } = config
  const tls = {
    cert: readPem('REVERB_TLS_CERT', config.tlsCert),
    key: readPem('REVERB_TLS_KEY', config.tlsKey),
  }
  try {
    return createTlsServer({ ...tls, ...(passphrase === undefined ? {} : { passphrase }) }, listener)
  } catch (thrown) {
    throw new ConfigurationError(`REVERB_TLS_CERT and REVERB_TLS_KEY cannot be used: ${messageOf(thrown)}`)
  }
}

function readPem(variable: string, file: string | undefined): Buffer {
  try {
    return readFileSync(file ?? '')
  } catch (thrown) {
    throw new ConfigurationError(`${variable}: "${file}" cannot be read: ${messageOf(thrown)}`)
  }
}

/** Listens; a port that cannot be had rejects with a {@link ConfigurationError} that says what to do. */
export function listen(server: NodeServer, host: string, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException) => reject(explain(error, host, port))
    server.once('error', failed)
    server.listen(port, host, () => {
      server.off('error', failed)
      // A server that listens on a port has this kind of address.
      resolve(server.address() as AddressInfo)
    })
  })
}

function explain(error: NodeJS.ErrnoException, host: string, port: number): Error {
  switch (error.code) {
    case 'EADDRINUSE':
      return new ConfigurationError(
        `REVERB_PORT: ${host}:${port} is in use by another program; stop it, or set REVERB_PORT to a free port`,
      )
    case 'EACCES':
      return new ConfigurationError(
        `REVERB_PORT: this user may not listen on ${host}:${port}; choose a port above 1023`,
      )
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    // A link-local address without its interface, and any IPv6 address where there is no IPv6.
    case 'EINVAL':
    case 'EAFNOSUPPORT':
      return new ConfigurationError(`REVERB_HOST: "${host}" is not an address of this machine`)
    default:
      return error
  }
}

/** Ends the server: requests under way may finish for two seconds. */
export async function closeStandalone(server: NodeServer): Promise<void> {
  const deadline = setTimeout(() => server.closeAllConnections(), closeDeadline)
  await new Promise<void>((resolve) => server.close(() => resolve()))
  clearTimeout(deadline)
}

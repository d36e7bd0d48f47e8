import { readFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { ConfigurationError, messageOf } from '../support/errors.ts'
import type { NodeServer } from './attach.ts'
import type { ServerConfig } from './config.ts'

/** Milliseconds that requests under way have to end at shutdown. */
const closeDeadline = 2_000

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

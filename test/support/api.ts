import { md5, sign } from '../../src/protocol/signature.ts'
import { type Answer, objectOf, send } from './http.ts'
import { credentials, type TestServer } from './server.ts'

/** An app as somebody knows it who signs requests. */
export interface ApiApp {
  readonly id: string
  readonly key: string
  readonly secret: string
}

/** The app that every server of these tests has unless told otherwise. */
export const apiApp: ApiApp = { id: 'app-id', ...credentials }

export interface ApiOptions {
  port: number
  app: ApiApp
  /** What stands before `/apps/…` on the wire; it is not signed. @default '' */
  prefix?: string
  host?: string
  ca?: string
}

/** One parameter of a query, as signed: not encoded. */
export type Parameter = readonly [name: string, value: string]

export interface Call {
  /** Anything but a string or bytes is sent as JSON. */
  body?: unknown
  query?: readonly Parameter[]
  headers?: Record<string, string>
  /** Unix seconds. @default now */
  timestamp?: string | number
  /** What stands before the path; the Python SDK leaves it out. @default '/apps/{id}' */
  base?: string
  /** The path that is signed. @default the path that is sent, without the prefix */
  signedPath?: string
  /** Last change of the parameters before they are signed: of all but the signature. */
  sign?: (parameters: readonly Parameter[]) => readonly Parameter[]
  /** Last change of the parameters after they were signed: of all, the signature at the end. */
  alter?: (parameters: readonly Parameter[]) => readonly Parameter[]
  /** How a value stands on the wire. @default encodeURIComponent */
  write?: (value: string) => string
}

/** An answer of the HTTP API: always a JSON object. */
export interface ApiAnswer extends Answer {
  readonly body: Record<string, unknown>
}

/** A client of the signed HTTP API that can be told to get every detail wrong. */
export class Api {
  readonly #options: ApiOptions

  constructor(options: ApiOptions) {
    this.#options = options
  }

  get(path: string, query: Record<string, string> = {}): Promise<ApiAnswer> {
    return this.call('GET', path, { query: Object.entries(query) })
  }

  /** What a GET is answered with. */
  async read(path: string, query?: Record<string, string>): Promise<Record<string, unknown>> {
    return (await this.get(path, query)).body
  }

  post(path: string, body: unknown): Promise<ApiAnswer> {
    return this.call('POST', path, { body })
  }

  /** Sends a signed request to `path`, below `/apps/{id}` unless told otherwise. */
  async call(method: string, path: string, call: Call = {}): Promise<ApiAnswer> {
    const { host, port, ca, prefix = '' } = this.#options
    const { headers, write = encodeURIComponent } = call
    const body = bytesOf(call.body)
    const query = this.parameters(method, path, call).map(([name, value]) => `${name}=${write(value)}`)
    const answer = await send({
      port,
      method,
      path: `${prefix}${this.#path(path, call)}?${query.join('&')}`,
      ...(host !== undefined && { host }),
      ...(headers !== undefined && { headers }),
      ...(ca !== undefined && { ca }),
      ...(body !== undefined && { body }),
    })
    return { ...answer, body: objectOf(answer) }
  }

  /** The parameters of a request, the signature at the end. */
  parameters(method: string, path: string, call: Call = {}): readonly Parameter[] {
    const { key, secret } = this.#options.app
    const body = bytesOf(call.body)
    const { timestamp = Math.floor(Date.now() / 1000), query = [] } = call
    const { signedPath = this.#path(path, call), sign: change = same, alter = same } = call
    const unsigned = change([
      ['auth_key', key],
      ['auth_timestamp', String(timestamp)],
      ['auth_version', '1.0'],
      ...(body === undefined ? [] : [['body_md5', md5(body)] as const]),
      ...query,
    ])
    const text = `${method}\n${signedPath}\n${toSign(unsigned)}`
    return alter([...unsigned, ['auth_signature', sign(secret, text)]])
  }

  #path(path: string, { base = `/apps/${this.#options.app.id}` }: Call): string {
    return `${base}${path}`
  }
}

/** The HTTP API of a server's usual app. */
export function apiOf({ port }: Pick<TestServer, 'port'>, prefix = ''): Api {
  return new Api({ port, app: apiApp, prefix })
}

const same = (parameters: readonly Parameter[]) => parameters

/** The parameters as they are signed (protocol.md 4.3): names in lower case, sorted, values not encoded. */
function toSign(parameters: readonly Parameter[]): string {
  const pairs = parameters.map(([name, value]) => [name.toLowerCase(), value] as const)
  return pairs
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map((pair) => pair.join('='))
    .join('&')
}

function bytesOf(body: unknown): Uint8Array | undefined {
  if (body === undefined || body instanceof Uint8Array) return body
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
}

import type { CloseCode } from '../protocol/codes.ts'
import type { App } from './apps/app.ts'
import { shown } from './shown.ts'

/** Why an upgrade is turned away. */
export interface Refusal {
  readonly code: CloseCode
  /** What the client is told. @default the text of the code */
  readonly message?: string
  /** What the operator is told; never a secret, and values from outside only as {@link shown}. */
  readonly reason: string
  /** Nobody need be warned: it is in order, or said where it has failed. */
  readonly isExpected?: true
}

/** Every reason to turn an upgrade away (protocol.md 1.7). */
export const refusals = {
  goingAway: {
    code: 4100,
    message: 'Server is shutting down, try again later',
    reason: 'the server is shutting down',
    isExpected: true,
  },
  lookupFailed: { code: 4100, reason: 'the app could not be looked up', isExpected: true },
  acceptFailed: { code: 4100, reason: 'accepting it failed', isExpected: true },
  noKey: { code: 4005, reason: 'the path names no app; it ends with /app/{key}' },
  disabled: { code: 4003, reason: 'the app has enabled: false' },
  withoutTls: {
    code: 4000,
    reason: 'the app has requireTls, and this was not https; proxies are believed up to REVERB_TRUST_PROXY',
  },
  withoutProtocol: { code: 4008, reason: 'the app has strictProtocol, and no protocol was named' },
  tooMany: (rate: number) => ({
    code: 4100,
    reason: `too many wait for their turn; an address has ${rate} a second (REVERB_CONNECT_RATE)`,
  }),
  unknownKey: (key: string) => ({
    code: 4001,
    reason: `no app has the key ${shown(key)}; keys come from REVERB_APP_KEY, REVERB_APPS, code or an app manager`,
  }),
  otherKey: (key: string) => ({
    code: 4001,
    reason: `the key ${shown(key)} is not that of the one app that is mounted there`,
  }),
  unknownProtocol: (protocol: string) => ({
    code: 4007,
    reason: `the protocol ${shown(protocol)} is none of 5, 6 and 7`,
  }),
  wrongOrigin: (origin: string, { allowedOrigins }: App) => ({
    code: 4009,
    reason:
      `the origin ${shown(origin)} is not allowed; ` +
      `allowedOrigins (REVERB_ALLOWED_ORIGINS) has ${shown(allowedOrigins.join(', '))}`,
  }),
  overQuota: ({ maxConnections }: App) => ({
    code: 4004,
    reason: `the app has all of its ${maxConnections} connections (maxConnections, REVERB_MAX_CONNECTIONS)`,
  }),
} as const satisfies Readonly<Record<string, Refusal | ((...given: never[]) => Refusal)>>

import path from 'node:path'
import { defineConfig, type Plugin } from 'vitest/config'

const twins: Readonly<Record<string, string>> = {
  ws: `export { Rfc6455Transport as WsTransport } from './rfc6455.ts?itself'`,
  rfc6455: `export { WsTransport as Rfc6455Transport } from './ws.ts?itself'`,
}

/** Whoever imports one of the two transports gets the other, under its name. */
const exchangeTransports: Plugin = {
  name: 'exchange-transports',
  enforce: 'pre',
  load: (id) => twins[/\/src\/server\/transports\/(\w+)\.ts$/.exec(id)?.[1] ?? ''],
}

// Not a project of the usual run: what clients meet, with the transport that is not the server's own one.
export default defineConfig({
  plugins: [exchangeTransports],
  test: {
    root: path.resolve(import.meta.dirname, '../..'),
    include: ['test/{adversarial,api,conformance,mount,sdk}/**/*.test.ts'],
    testTimeout: 15_000,
  },
})

// `reverb` with the transport that is not its default one.
import { register } from 'node:module'

register(new URL('./lib/exchange-transports.mjs', import.meta.url))
await import('../dist/cli/main.js')

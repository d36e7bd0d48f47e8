import { describe, it } from 'vitest'
import { transportSuite } from '../../testing/transport-suite.ts'
import { WsTransport } from './ws.ts'

describe.concurrent('WsTransport', () => {
  for (const { title, run } of transportSuite(() => new WsTransport())) it(title, run, 15_000)
})

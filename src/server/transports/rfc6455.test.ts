import { describe, it } from 'vitest'
import { transportSuite } from '../../testing/transport-suite.ts'
import { Rfc6455Transport } from './rfc6455.ts'

describe.concurrent('Rfc6455Transport', () => {
  for (const { title, run } of transportSuite(() => new Rfc6455Transport())) it(title, run, 15_000)
})

import type { Transport } from '../server/transport.ts'
import { closingStatements } from './transport-suite/closing.ts'
import { frameStatements } from './transport-suite/frames.ts'
import { handshakeStatements } from './transport-suite/handshake.ts'
import { violationStatements } from './transport-suite/violations.ts'
import { writingStatements } from './transport-suite/writing.ts'
import { Wire, type WireOptions } from './wire.ts'

/** Opens one connection, which ends with the test. */
export type OpenWire = (options?: WireOptions) => Promise<Wire>

/** Statements about every transport, by their sentences. */
export type Statements = Readonly<Record<string, (open: OpenWire) => Promise<void>>>

/** One statement that every transport keeps. */
export interface TransportTest {
  /** A sentence, such as "answers a ping with its payload". */
  readonly title: string
  /** Rejects when the transport does not keep it. Needs no more than ten seconds, and loopback connections only. */
  run(): Promise<void>
}

/**
 * What every transport must keep, for any test runner: `for (const { title, run } of transportSuite(() => new MyTransport()))
 * test(title, run)`. Each run makes a transport of its own, on an HTTP server of its own.
 */
export function transportSuite(create: () => Transport): TransportTest[] {
  const statements = {
    ...handshakeStatements,
    ...frameStatements,
    ...violationStatements,
    ...writingStatements,
    ...closingStatements,
  }
  return Object.entries(statements).map(([title, statement]) => ({
    title,
    async run() {
      const wires: Wire[] = []
      const transport = create()
      const open: OpenWire = async (options) => {
        const wire = await Wire.open(transport, options)
        wires.push(wire)
        return wire
      }
      try {
        await statement(open)
      } finally {
        for (const wire of wires) wire.close()
      }
    },
  }))
}

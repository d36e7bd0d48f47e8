import { connect, type NatsConnection } from '@nats-io/transport-node'
import { onTestFinished } from 'vitest'
import type { NatsServer } from './nats.ts'
import { pending } from './pending.ts'

/** A connection to NATS on which requests can be kept back; it is closed with the test. */
export interface LateConnection {
  readonly connection: NatsConnection
  /** Keeps back the next request to each of these subjects; resolves when it has them all. */
  keepBack(...subjects: readonly string[]): Promise<void>
  /** Sends what was kept back; resolves when the server has answered. */
  release(): Promise<unknown>
}

/** Connects. */
export async function connectLate({ url }: NatsServer): Promise<LateConnection> {
  const connection = await connect({ servers: url, reconnectTimeWait: 50, maxReconnectAttempts: -1 })
  onTestFinished(() => connection.close())
  const request = connection.request.bind(connection)
  const [caught, released] = [pending<void>(), pending<void>()]
  const awaited = new Set<string>()
  const answers: Promise<unknown>[] = []
  connection.request = (subject, ...said) => {
    if (!awaited.delete(subject)) return request(subject, ...said)
    if (awaited.size === 0) caught.resolve()
    const answer = released.promise.then(() => request(subject, ...said))
    answers.push(answer)
    return answer
  }
  return {
    connection,
    keepBack(...subjects) {
      for (const subject of subjects) awaited.add(subject)
      return caught.promise
    },
    release() {
      released.resolve()
      return Promise.allSettled(answers)
    },
  }
}

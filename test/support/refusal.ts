import { expect } from 'vitest'
import { type ProtocolClient, payloadOf } from '../../src/testing/index.ts'

/** The code of a refusal, after asserting that an error says it first and the close repeats it (protocol.md 1.7). */
export async function refusalOf(client: ProtocolClient): Promise<number> {
  const { data, ...message } = await client.next()
  expect(message).toEqual({ event: 'pusher:error' })
  expect(data).toEqual({ message: expect.stringMatching(/\S/), code: expect.any(Number) })
  const { code, reason } = await client.closed
  expect(data).toHaveProperty('code', code)
  expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123)
  await expect(client.next()).rejects.toThrow('The connection was closed')
  return code
}

/** The refusal of a sign-in; the connection goes on (protocol.md 5.2). */
export const refusedSignin: object = {
  event: 'pusher:error',
  data: { message: expect.stringMatching(/\S/), code: 4009 },
}

/** What a failed subscription looks like; the text may say anything but secrets (protocol.md 2.6). */
export function subscriptionError(channel: string, type: string, status: number): object {
  const payload = { type, error: expect.stringMatching(/\S/), status }
  return {
    event: 'pusher:subscription_error',
    channel,
    data: expect.toSatisfy(
      (data: unknown) => typeof data === 'string' && matches(payloadOf({ event: '', data }), payload),
    ),
  }
}

/** The refusal of whoever may not join a channel. */
export function unauthorized(channel: string): object {
  return subscriptionError(channel, 'AuthError', 401)
}

/** An error that nothing else follows from. */
export function harmlessError(channel?: string): object {
  return {
    event: 'pusher:error',
    data: { message: expect.stringMatching(/\S/), code: null },
    ...(channel !== undefined && { channel }),
  }
}

/** The refusal of a message that is over a limit; the connection goes on. */
export function overLimit(channel?: string): object {
  return {
    event: 'pusher:error',
    data: { message: expect.stringMatching(/\S/), code: 4301 },
    ...(channel !== undefined && { channel }),
  }
}

function matches(actual: unknown, expected: object): boolean {
  expect(actual).toEqual(expected)
  return true
}

import type { z } from 'zod'
import { RefusedError } from '../errors.ts'

/** What the schema makes of a JSON body; throws a {@link RefusedError} with 400 that says what is wrong. */
export function parseBody<T>(schema: z.ZodType<T>, body: Buffer): T {
  const result = schema.safeParse(parseJson(body))
  if (result.success) return result.data
  const { path, message } = result.error.issues[0] ?? { path: [], message: 'not an object' }
  throw new RefusedError(400, path.length > 1 ? `${path.join('.')}: ${message}` : message)
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    throw new RefusedError(400, 'The body is not JSON')
  }
}

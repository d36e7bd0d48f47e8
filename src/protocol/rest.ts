import { z } from 'zod'
import { parseSocketId } from './names.ts'

// Bodies of the HTTP API (protocol.md 6.2, 6.3). Unknown members are ignored; names and limits are checked by the
// server, for events that code publishes in process too.

const name = z.string('"name" must be a string')

const data = z.unknown().transform((value, context) => {
  if (typeof value === 'string') return value
  if (value === undefined || value === null) {
    context.addIssue('"data" is required')
    return z.NEVER
  }
  try {
    return JSON.stringify(value)
  } catch {
    // What JSON.parse accepted can still be nested too deeply for JSON.stringify.
    context.addIssue('"data" is nested too deeply')
    return z.NEVER
  }
})

const socketId = z
  .string('"socket_id" must be a string')
  .transform((id, context) => {
    const parsed = parseSocketId(id)
    if (parsed !== undefined) return parsed
    context.addIssue('"socket_id" must be digits, a dot, digits')
    return z.NEVER
  })
  .nullish()

const info = z.string('"info" must be a comma list').nullish()
const channel = z.string('"channel" must be a string')

/** The body of `POST /events`; `channels` has been made out of `channel` where that was given. */
export const eventBody = z
  .object({
    name,
    data,
    channels: z.array(z.string('"channels" must hold strings'), '"channels" must be an array').nullish(),
    channel: channel.nullish(),
    socket_id: socketId,
    info,
  })
  .transform(({ name, data, channels, channel, socket_id, info }, context) => {
    const given = channels ?? (typeof channel === 'string' ? [channel] : undefined)
    // Each member by its name: the rest of an object costs more than all of the checks before.
    if (given !== undefined) return { name, data, channels: given, socket_id, info }
    context.addIssue('"channels" or "channel" is required')
    return z.NEVER
  })

/** The body of `POST /batch_events`. */
export const batchBody = z.object({
  batch: z.array(z.object({ name, data, channel, socket_id: socketId, info }), '"batch" must be an array'),
})

/** The body of `POST /users/{id}/unsubscribe`, which only this server has. */
export const unsubscribeBody = z.object({ channel })

/** Attributes of a channel that `info` can ask for; unknown names are ignored (protocol.md 6.2). */
export const attributes = ['user_count', 'subscription_count'] as const

/** One of {@link attributes}. */
export type Attribute = (typeof attributes)[number]

const noAttributes: ReadonlySet<Attribute> = new Set()

/** The known attributes named by a comma list. */
export function parseInfo(list: string | null | undefined): ReadonlySet<Attribute> {
  if (list === null || list === undefined) return noAttributes
  const asked = list.split(',').map((part) => part.trim())
  return new Set(attributes.filter((attribute) => asked.includes(attribute)))
}

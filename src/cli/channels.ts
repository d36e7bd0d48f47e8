import { ApiClient } from '../broadcasting/http/api-client.ts'
import { kindOf, parseChannelName } from '../protocol/names.ts'
import { asObject, type JsonObject } from '../support/json.ts'
import { type RemoteFlags, remoteTarget } from './remote.ts'

/** The flags of `reverb channels`. */
export interface ChannelsFlags extends RemoteFlags {
  /** Print the channels as the HTTP API gives them, in JSON. */
  readonly json?: boolean
}

/** The occupied channels of a running server whose names begin with a prefix, as a table or as JSON. */
export async function channels(prefix: string, { json, ...flags }: ChannelsFlags): Promise<string> {
  const api = new ApiClient(await remoteTarget(flags))
  const found = await occupied(api, prefix).finally(() => api.close())
  if (json) return JSON.stringify({ channels: Object.fromEntries(found) }, null, 2)
  if (found.size > 0) return tableOf(found)
  return prefix === '' ? 'No channel is occupied' : `No channel whose name begins with ${prefix} is occupied`
}

/** Sorted by name. The server counts users only where it is asked for presence channels alone. */
async function occupied(api: ApiClient, prefix: string): Promise<ReadonlyMap<string, JsonObject>> {
  const presence = 'presence-'
  const isPresence = prefix.startsWith(presence)
  const found = new Map<string, JsonObject>()
  if (!isPresence) await collect(api, found, prefix, 'subscription_count')
  if (isPresence || presence.startsWith(prefix)) {
    await collect(api, found, isPresence ? prefix : presence, 'subscription_count,user_count')
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)))
}

async function collect(
  api: ApiClient,
  found: Map<string, JsonObject>,
  prefix: string,
  info: string,
): Promise<void> {
  const answer = await api.get(['channels'], { info, ...(prefix !== '' && { filter_by_prefix: prefix }) })
  for (const [name, counts] of Object.entries(asObject(answer['channels']) ?? {})) {
    // A name is printed on a terminal: only letters may be, and those of users' channels are anything.
    if (kindOf(name).access === 'user') continue
    if (parseChannelName(name, Number.POSITIVE_INFINITY) === undefined) continue
    found.set(name, asObject(counts) ?? {})
  }
}

function tableOf(found: ReadonlyMap<string, JsonObject>): string {
  const rows = [...found].map(([name, counts]) => [
    name,
    shown(counts['subscription_count']),
    shown(counts['user_count']),
  ])
  const table = [['Channel', 'Subscriptions', 'Users'], ...rows]
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)))
  return table
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function shown(count: unknown): string {
  return typeof count === 'number' ? String(count) : ''
}

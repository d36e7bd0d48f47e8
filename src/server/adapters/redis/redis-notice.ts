import type { Notice } from '../../cluster/broker.ts'

/**
 * A notice as the scripts tell it: version, previous, subscriptions, how many came, id and info of each, who went. `undefined`
 * when the message is anything else.
 */
export function readNotice(message: Buffer): Notice | undefined {
  const [version, previous, subscriptions, came, ...users] = parseTexts(message.toString())
  const numbers = [version, previous, subscriptions, came].map(numberOf)
  const isNotice = numbers.every(Number.isSafeInteger) && numberOf(came) * 2 <= users.length
  if (!isNotice) return undefined
  const added = Array.from({ length: numberOf(came) }, (_, at) => ({
    id: users[at * 2] ?? '',
    info: users[at * 2 + 1] ?? '',
  }))
  return {
    version: numberOf(version),
    previous: numberOf(previous),
    subscriptions: numberOf(subscriptions),
    added,
    removed: users.slice(added.length * 2),
  }
}

/** What a script has written as a number; of anything else NaN. */
function numberOf(text = ''): number {
  return /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
}

/** The list of texts that JSON holds; an empty one where it holds anything else. */
function parseTexts(json: string): readonly string[] {
  try {
    const value: unknown = JSON.parse(json)
    return Array.isArray(value) && value.every((text) => typeof text === 'string') ? value : []
  } catch {
    return []
  }
}

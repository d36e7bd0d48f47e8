import { withoutQuery } from '../attach.ts'

/** A path about a user, whose id may hold anything, slashes too. */
export interface UserPath {
  /** The path with a placeholder for the id. */
  readonly route: string
  /** The id as it stands in the path, undecoded. */
  readonly id: string
  /** What a sender may have signed: the path without the mount's prefix, repeated slashes as they are. */
  readonly signed: string
}

const beginning = /^(?:\/apps\/[^/]+)?\/users\//
const ending = /^(?:(.*)\/)?(terminate_connections|unsubscribe)$/s

/**
 * Takes the id out of the path that follows the prefix of a mount: everything between `/users/` and the last segment.
 * Repeated slashes have been made one in the path, so the id is read where they still are: in the URL.
 */
export function userPathOf(path: string, url: string): UserPath | undefined {
  const [head] = beginning.exec(path) ?? []
  if (head === undefined) return undefined
  const raw = withoutQuery(url)
  const whole = raw.replace(/\/{2,}/g, '/')
  const before = whole.slice(0, whole.length - path.length + head.length - 1)
  const segments = before.split('/').length - 1
  const [skipped = ''] = new RegExp(`^(?:/+[^/]+){${segments}}/`).exec(raw) ?? []
  const rest = raw.slice(skipped.length)
  const [, id = '', action] = ending.exec(rest) ?? []
  return action === undefined ? undefined : { route: `${head}-/${action}`, id, signed: `${head}${rest}` }
}

import { createHash } from 'node:crypto'

/** A Lua script, and the name by which a Redis that has it loaded knows it. */
export interface Script {
  readonly text: string
  readonly sha: string
}

/** A script of its parts, in their order: what they share comes first. */
export function script(...parts: readonly string[]): Script {
  const text = parts.join('\n')
  return { text, sha: createHash('sha1').update(text).digest('hex') }
}

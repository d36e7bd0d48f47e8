import type { Member } from '../../../protocol/messages.ts'

// What the scripts answer, decoded: they are ours, so a reply of another shape is a defect, and throws.

/** A list, as scripts answer it. */
export function listOf(reply: unknown): readonly unknown[] {
  if (!Array.isArray(reply)) throw new TypeError(`Redis answered ${String(reply)} where a list was expected`)
  return reply
}

/** A list of texts. */
export function textsOf(reply: unknown): string[] {
  return listOf(reply).map(String)
}

/** Two at a time. */
export function pairsOf(reply: unknown): [string, string][] {
  const texts = textsOf(reply)
  return Array.from({ length: texts.length / 2 }, (_, at) => [texts[at * 2] ?? '', texts[at * 2 + 1] ?? ''])
}

/** The members that the hash of users tells of, in their order: `<lives>:<order>:<kept>:<info>` by user. */
export function membersOf(reply: unknown): Member[] {
  return pairsOf(reply)
    .map(([id, value]) => {
      const [, order = '', info = ''] = /^\d+:(\d+):\d?:(.*)$/s.exec(value) ?? []
      return { order: Number(order), member: { id, info } }
    })
    .sort((one, other) => one.order - other.order)
    .map(({ member }) => member)
}

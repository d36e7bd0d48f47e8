/** Whether a channel's name fits a pattern in which each `*` stands for anything, also for nothing. */
export function fits(pattern: string, name: string): boolean {
  const [head = '', ...middle] = pattern.split('*')
  const tail = middle.pop()
  if (tail === undefined) return name === pattern
  const end = name.length - tail.length
  if (end < head.length || !name.startsWith(head) || !name.endsWith(tail)) return false
  // Taking the first place of each part leaves the most room for the next: no trying back, as in an expression.
  let from = head.length
  for (const part of middle) {
    const at = name.indexOf(part, from)
    if (at < 0 || at + part.length > end) return false
    from = at + part.length
  }
  return true
}

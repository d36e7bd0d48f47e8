/** What a subscriber knows of a channel. */
export class View {
  /** It was let in. */
  live = false
  /** When it was. */
  since = Number.POSITIVE_INFINITY
  /** What it was told last of how many there are. */
  count: number | undefined
  readonly seen = new Set<string>()
  readonly #members = new Set<string>()
  readonly #last = new Map<string, number>()

  get members(): ReadonlySet<string> {
    return this.#members
  }

  get known(): string {
    return [...this.#members].join() || 'nobody'
  }

  begin(members: readonly string[], now: number): void {
    this.live = true
    this.since = now
    this.#members.clear()
    for (const member of members) this.#members.add(member)
  }

  /** False when it was so already. */
  change(member: string, isThere: boolean): boolean {
    if (!isThere) return this.#members.delete(member)
    if (this.#members.has(member)) return false
    this.#members.add(member)
    return true
  }

  /** False when a later one of the series was there already. */
  isNext(series: string, number: number): boolean {
    if (number <= (this.#last.get(series) ?? -1)) return false
    this.#last.set(series, number)
    return true
  }
}

/** What a subscriber knows of a channel. */
export class View {
  /** It was let in. */
  live = false
  /** It was refused; a subscribe that was on its way by then may still be answered. */
  refused = false
  /** When it was. */
  since = Number.POSITIVE_INFINITY
  /** What it was told last of how many there are. */
  count: number | undefined
  readonly seen = new Set<string>()
  readonly #members = new Map<string, string>()
  readonly #last = new Map<string, number>()

  /** What it was told of each member. */
  get members(): ReadonlyMap<string, string> {
    return this.#members
  }

  get known(): string {
    return [...this.#members.keys()].join() || 'nobody'
  }

  begin(members: Readonly<Record<string, string>>, now: number): void {
    this.live = true
    this.refused = false
    this.since = now
    this.#members.clear()
    for (const [member, info] of Object.entries(members)) this.#members.set(member, info)
  }

  /** Without an info, the member has left. False when it was so already. */
  change(member: string, info: string | undefined): boolean {
    if (info === undefined) return this.#members.delete(member)
    if (this.#members.has(member)) return false
    this.#members.set(member, info)
    return true
  }

  /** False when a later one of the series was there already. */
  isNext(series: string, number: number): boolean {
    if (number <= (this.#last.get(series) ?? -1)) return false
    this.#last.set(series, number)
    return true
  }
}

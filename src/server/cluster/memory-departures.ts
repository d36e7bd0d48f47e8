/** What is over, and may be taken back for a while: departures of one kind, by their keys, oldest first. */
export class MemoryDepartures<Departure> {
  readonly #clock: () => number
  readonly #departures = new Map<string, { readonly departure: Departure; readonly at: number }>()

  constructor(clock: () => number) {
    this.#clock = clock
  }

  /** Notes it; it must not be there yet. */
  note(key: string, departure: Departure): void {
    this.#departures.set(key, { departure, at: this.#clock() })
  }

  has(key: string): boolean {
    return this.#departures.has(key)
  }

  /** True when there was one: it has never been. */
  takeBack(key: string): boolean {
    return this.#departures.delete(key)
  }

  /** Hands out, once, those that are at least so many milliseconds old. */
  settle(grace: number): Departure[] {
    const latest = this.#clock() - grace
    const due: Departure[] = []
    for (const [key, { departure, at }] of this.#departures) {
      if (at > latest) break
      this.#departures.delete(key)
      due.push(departure)
    }
    return due
  }
}

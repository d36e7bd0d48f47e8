/** What the map needs to know of its values. */
interface SharedMapOptions<Value> {
  open(key: string): Value
  /** Ends a value that nobody uses; `false` puts it off by another linger. */
  close(value: Value): boolean
  /** Milliseconds a value is kept after its last user has left. */
  linger(): number
  /** Called when the last value has ended. */
  emptied(): void
}

/** The longest time that a timer can wait; a longer one, such as Infinity, would not wait at all. */
const maxDelay = 2 ** 31 - 1

interface Entry<Value> {
  readonly value: Value
  users: number
  timer?: ReturnType<typeof setTimeout>
}

/** One value for each key while somebody uses it, and a little longer, so that leaving and coming back costs nothing. */
export class SharedMap<Value> {
  readonly #entries = new Map<string, Entry<Value>>()
  readonly #options: SharedMapOptions<Value>

  constructor(options: SharedMapOptions<Value>) {
    this.#options = options
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: string): Value | undefined {
    return this.#entries.get(key)?.value
  }

  *values(): Iterable<Value> {
    for (const { value } of this.#entries.values()) yield value
  }

  /** The key's value, opened if need be, and what gives it back; giving back twice does nothing. */
  use(key: string): { value: Value; release: () => void } {
    const entry = this.#entries.get(key) ?? { value: this.#options.open(key), users: 0 }
    this.#entries.set(key, entry)
    entry.users++
    clearTimeout(entry.timer)
    let released = false
    const release = () => {
      if (released) return
      released = true
      if (--entry.users === 0) this.#linger(key, entry)
    }
    return { value: entry.value, release }
  }

  #linger(key: string, entry: Entry<Value>): void {
    entry.timer = setTimeout(
      () => {
        if (!this.#options.close(entry.value)) return this.#linger(key, entry)
        this.#entries.delete(key)
        if (this.size === 0) this.#options.emptied()
      },
      Math.min(this.#options.linger(), maxDelay),
    )
  }
}

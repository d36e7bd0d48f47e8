/** Names that go to the broker in one call. */
const batchSize = 512

/** Gathers what is asked for in one turn of the event loop, and does it in a few calls: names, or whatever `Item` is. */
export class Gatherer<Item> {
  readonly #run: (items: readonly Item[]) => Promise<void>
  #items: Item[] = []
  #done: Promise<void> | undefined

  constructor(run: (items: readonly Item[]) => Promise<void>) {
    this.#run = run
  }

  /** Resolves when it is done with this item; rejects when its call does. */
  add(item: Item): Promise<void> {
    this.#items.push(item)
    this.#done ??= this.#soon()
    return this.#done
  }

  async #soon(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    const items = this.#items
    this.#items = []
    this.#done = undefined
    await inBatches(items, this.#run)
  }
}

/** Runs over all items, at most 512 at a time, one call after the other. */
export async function inBatches<Item>(
  items: readonly Item[],
  run: (batch: readonly Item[]) => Promise<unknown>,
): Promise<void> {
  for (let start = 0; start < items.length; start += batchSize) {
    await run(items.slice(start, start + batchSize))
  }
}

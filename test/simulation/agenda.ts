/** Something that will happen at its time, unless it is cancelled. */
export interface Task {
  at: number
  order: number
  readonly run: () => void
  cancelled: boolean
}

/** What will happen, earliest first; of the same time in the order in which it was planned. */
export class Agenda<T extends Task> {
  readonly #heap: T[] = []

  get empty(): boolean {
    return this.#heap.length === 0
  }

  /** The time of the next task, or infinity. */
  get next(): number {
    return this.#heap[0]?.at ?? Number.POSITIVE_INFINITY
  }

  add(task: T): void {
    const heap = this.#heap
    let index = heap.length
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = heap[parent]
      if (above === undefined || !isBefore(task, above)) break
      heap[index] = above
      index = parent
    }
    heap[index] = task
  }

  take(): T | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (last !== undefined && heap.length > 0) this.#sink(last)
    return first
  }

  #sink(task: T): void {
    const heap = this.#heap
    let index = 0
    for (;;) {
      const left = 2 * index + 1
      const [one, two] = [heap[left], heap[left + 1]]
      const child = two !== undefined && one !== undefined && isBefore(two, one) ? left + 1 : left
      const below = heap[child]
      if (below === undefined || !isBefore(below, task)) break
      heap[index] = below
      index = child
    }
    heap[index] = task
  }
}

function isBefore(one: Task, two: Task): boolean {
  return one.at < two.at || (one.at === two.at && one.order < two.order)
}

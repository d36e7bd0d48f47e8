import { Agenda, type Task } from './agenda.ts'

const { setImmediate: nextTurn } = globalThis
const replaced = [
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'clearInterval',
  'setImmediate',
  'clearImmediate',
] as const

/** Steps in one turn of the event loop. */
const atOnce = 64

/** A process of the simulation: what it has planned happens to it alone. */
export interface Process {
  /** Nothing of it runs; it is made up for when it goes on. */
  readonly frozen: boolean
  /** Nothing of it ever runs again. */
  readonly dead: boolean
  /** Milliseconds for which its clock has stood still. */
  readonly slept: number
  /** Takes what should have happened while it was frozen. */
  missed(task: OwnedTask): void
}

/** A task, and to which process it happens; to nobody in particular without one. */
export interface OwnedTask extends Task {
  readonly process: Process | undefined
  /** Whether it is a timer of the process, and not something that reaches it from outside. */
  readonly timer: boolean
  /** For how long the clock of the process had stood still when it was planned. */
  slept: number
}

/**
 * Time that stands still while something happens, and leaps to the next thing that is planned. While it is installed, the
 * timers and `performance.now()` of Node are its own; what a timer's process is, is who runs when the timer is made.
 */
export class VirtualTime {
  /** Milliseconds since the simulation began. */
  now = 0
  /** Things that have happened. */
  steps = 0
  readonly #agenda = new Agenda<OwnedTask>()
  readonly #failed: (thrown: unknown) => void
  #process: Process | undefined
  #order = 0
  #uninstall: (() => void) | undefined

  constructor(failed: (thrown: unknown) => void) {
    this.#failed = failed
  }

  /** Plans something that happens to a process after so many milliseconds. */
  plan(process: Process | undefined, delay: number, run: () => void, timer = false): OwnedTask {
    const task = {
      at: this.now + Math.max(0, delay),
      order: this.#order++,
      run,
      cancelled: false,
      process,
      timer,
      slept: process?.slept ?? 0,
    }
    this.#agenda.add(task)
    return task
  }

  /** Lets something happen to a process at once, unless it is frozen or dead; without one, to nobody in particular. */
  hand(process: Process | undefined, run: () => void): void {
    const task = {
      at: this.now,
      order: this.#order++,
      run,
      cancelled: false,
      process,
      timer: false,
      slept: 0,
    }
    this.#happen(task)
  }

  /** What a process sees, by its own clock. */
  seenBy<Seen>(process: Process, look: () => Seen): Seen {
    const before = this.#process
    this.#process = process
    const seen = look()
    this.#process = before
    return seen
  }

  /** Lets a task that was missed happen now, behind what is planned for now already. */
  makeUp(task: OwnedTask): void {
    if (this.#isPostponed(task)) return
    task.at = this.now
    task.order = this.#order++
    this.#agenda.add(task)
  }

  /** Lets everything happen that is planned until then, each thing with all that follows from it at once. */
  run(until: number, isOver: () => boolean): Promise<void> {
    const isDone = () => isOver() || this.#agenda.next > until
    return new Promise((resolve) => {
      const step = () => {
        if (!isDone()) this.#step()
      }
      const round = () => {
        if (isDone()) {
          if (!isOver()) this.now = until
          resolve()
          return
        }
        for (let count = 0; count < atOnce; count++) nextTurn(step)
        nextTurn(round)
      }
      // Node runs all microtasks between two immediates.
      nextTurn(round)
    })
  }

  install(): void {
    const before = replaced.map((name) => [name, globalThis[name]] as const)
    const ownNow = Object.getOwnPropertyDescriptor(performance, 'now')
    const now = () => this.now - (this.#process?.slept ?? 0)
    const cancel = (task: unknown) => {
      if (task instanceof Timer) task.cancel()
    }
    Object.assign(globalThis, {
      setTimeout: (run: () => void, delay = 0) =>
        new Timer(this, this.#process, run, Math.max(1, delay), false),
      setInterval: (run: () => void, delay = 0) =>
        new Timer(this, this.#process, run, Math.max(1, delay), true),
      setImmediate: (run: () => void) => new Timer(this, this.#process, run, 0, false),
      clearTimeout: cancel,
      clearInterval: cancel,
      clearImmediate: cancel,
    })
    Object.defineProperty(performance, 'now', { value: now, configurable: true, writable: true })
    this.#uninstall = () => {
      Object.assign(globalThis, Object.fromEntries(before))
      if (ownNow === undefined) Reflect.deleteProperty(performance, 'now')
      else Object.defineProperty(performance, 'now', ownNow)
    }
  }

  uninstall(): void {
    this.#uninstall?.()
  }

  #step(): void {
    const task = this.#agenda.take()
    if (task === undefined) return
    this.now = task.at
    if (task.cancelled) return
    this.steps++
    this.#happen(task)
  }

  /** A timer goes by the clock of its process, and has as long to go as that has stood still. */
  #isPostponed(task: OwnedTask): boolean {
    const { timer, process } = task
    if (!timer || process === undefined || process.slept === task.slept) return false
    task.at += process.slept - task.slept
    task.slept = process.slept
    this.#agenda.add(task)
    return true
  }

  #happen(task: OwnedTask): void {
    if (task.process?.dead) return
    if (task.process?.frozen) {
      task.process.missed(task)
      return
    }
    if (this.#isPostponed(task)) return
    this.#process = task.process
    try {
      task.run()
    } catch (thrown) {
      this.#failed(thrown)
    }
  }
}

/** What the replaced functions return. */
class Timer {
  readonly #time: VirtualTime
  readonly #process: Process | undefined
  readonly #happen: () => void
  readonly #delay: number
  readonly #again: boolean
  #task: OwnedTask

  constructor(
    time: VirtualTime,
    process: Process | undefined,
    happen: () => void,
    delay: number,
    again: boolean,
  ) {
    this.#time = time
    this.#process = process
    this.#happen = happen
    this.#delay = delay
    this.#again = again
    this.#task = this.#plan()
  }

  cancel(): void {
    this.#task.cancelled = true
  }

  unref(): this {
    return this
  }

  #plan(): OwnedTask {
    const run = () => {
      if (this.#again) this.#task = this.#plan()
      this.#happen()
    }
    return this.#time.plan(this.#process, this.#delay, run, true)
  }
}

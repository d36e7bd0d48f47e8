import { setTimeout as sleep } from 'node:timers/promises'
import { onTestFinished, vi } from 'vitest'
import { MemoryRegistry } from '../../src/server/adapters/memory-registry.ts'

/** Milliseconds that a slow registry takes for everything; equal delays keep calls in their order. */
const delay = 5

/** Makes every registry of this test answer later, in order, as one behind a network would. */
function slowDownRegistry(): void {
  const { prototype } = MemoryRegistry
  const { join, leave, members } = prototype
  const spies = [
    vi.spyOn(prototype, 'join').mockImplementation(later(join)),
    vi.spyOn(prototype, 'leave').mockImplementation(later(leave)),
    vi.spyOn(prototype, 'members').mockImplementation(later(members)),
    // What this node's subscribers have been told is known here.
    vi.spyOn(prototype, 'roster').mockImplementation(members),
  ]
  onTestFinished(() => {
    for (const spy of spies) spy.mockRestore()
  })
}

/** Makes the next join fail, at once or later. */
export function failNextJoin(error: Error, when: 'at once' | 'later'): void {
  const spy = vi.spyOn(MemoryRegistry.prototype, 'join').mockImplementationOnce(() => {
    if (when === 'at once') throw error
    // What a registry behind a network returns; the memory registry's own type has no promise.
    return Promise.reject(error) as unknown as ReturnType<MemoryRegistry['join']>
  })
  onTestFinished(() => spy.mockRestore())
}

function later<Args extends unknown[], Result>(method: (...args: Args) => Result) {
  return async function (this: MemoryRegistry, ...args: Args) {
    await sleep(delay)
    return method.apply(this, args)
    // As above: a promise in place of the value.
  } as unknown as (...args: Args) => Result
}

/** The two kinds of registry there are, for `describe.each`: with the name, what a test must do first. */
export const registries: readonly [name: string, prepare: () => void][] = [
  ['at once', () => {}],
  ['later', slowDownRegistry],
]

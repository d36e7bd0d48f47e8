import { randomBytes } from 'node:crypto'
import { isRefusal } from './jetstream.ts'

/** A key that is written beside another write. */
export interface Note {
  readonly key: string
}

/**
 * What one node has asked of one bucket and has no answer to: on a connection that is lost it may be under way for long. It
 * outlives the connections.
 */
export class Unanswered {
  /** Notes of writes that are not known to be done. */
  readonly notes = new Set<Note>()
  readonly #prefix = randomBytes(6).toString('base64url')
  readonly #ids = new Set<string>()
  #count = 0

  /** Runs what writes, with an id of its own. */
  async run<Answer>(write: (id: string) => Promise<Answer>): Promise<Answer> {
    const id = `${this.#prefix}.${(this.#count++).toString(36)}`
    this.#ids.add(id)
    try {
      const answer = await write(id)
      this.#ids.delete(id)
      return answer
    } catch (error) {
      if (isRefusal(error, 'wrongRevision')) this.#ids.delete(id)
      throw error
    }
  }

  /**
   * Resolves when none of it will be done any more. `take` takes an id away from the message that has it, unless that is
   * stored by now; `write` writes a note.
   */
  async end(take: (id: string) => Promise<unknown>, write: (key: string) => Promise<unknown>): Promise<void> {
    await Promise.all([...this.#ids].map((id) => this.#end(id, take)))
    // What was done in the end needs its notes, which may have been read and thrown away before it was done.
    const notes = [...this.notes]
    await Promise.all(notes.map(({ key }) => write(key)))
    for (const note of notes) this.notes.delete(note)
  }

  async #end(id: string, take: (id: string) => Promise<unknown>): Promise<void> {
    try {
      await take(id)
    } catch (error) {
      // A message that is being stored is stored before whatever is asked for after this.
      if (!isRefusal(error, 'idTaken')) throw error
    }
    this.#ids.delete(id)
  }
}

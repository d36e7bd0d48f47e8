import type { Connection } from '../connection.ts'

/** The signed-in connections of this node, by user. */
export class SignedInUsers {
  readonly #apps = new Map<string, Map<string, Set<Connection>>>()

  /** Adds a connection as one of the user's. */
  add(connection: Connection, userId: string): void {
    const { id } = connection.app
    const users = this.#apps.get(id) ?? new Map<string, Set<Connection>>()
    const connections = users.get(userId) ?? new Set()
    this.#apps.set(id, users.set(userId, connections.add(connection)))
  }

  /** Takes it away again. */
  remove(connection: Connection, userId: string): void {
    const users = this.#apps.get(connection.app.id)
    const connections = users?.get(userId)
    connections?.delete(connection)
    if (connections?.size === 0) users?.delete(userId)
    if (users?.size === 0) this.#apps.delete(connection.app.id)
  }

  /** The user's connections as they are now; those that come or go meanwhile do not change the list. */
  of({ id }: { readonly id: string }, userId: string): readonly Connection[] {
    return [...(this.#apps.get(id)?.get(userId) ?? [])]
  }
}

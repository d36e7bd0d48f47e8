/** Who wants what: things by their names. */
export class Interest<Client> {
  readonly #clients = new Map<string, Set<Client>>()
  readonly #names = new Map<Client, Set<string>>()

  /** Said twice, it changes nothing the second time. */
  add(client: Client, name: string): void {
    const clients = this.#clients.get(name) ?? new Set()
    const names = this.#names.get(client) ?? new Set()
    this.#clients.set(name, clients.add(client))
    this.#names.set(client, names.add(name))
  }

  remove(client: Client, name: string): void {
    const clients = this.#clients.get(name)
    const names = this.#names.get(client)
    clients?.delete(client)
    names?.delete(name)
    if (clients?.size === 0) this.#clients.delete(name)
    if (names?.size === 0) this.#names.delete(client)
  }

  /** The client wants nothing any more. */
  leave(client: Client): void {
    for (const name of this.#names.get(client) ?? []) this.remove(client, name)
  }

  /** Those who want it. */
  of(name: string): Iterable<Client> {
    return this.#clients.get(name) ?? []
  }
}

export interface Person {
  readonly id: string
  readonly name: string
  readonly role: 'customer' | 'warehouse'
}

/** Everybody who can be picked on the page. */
export const people: readonly Person[] = [
  { id: 'ada', name: 'Ada', role: 'customer' },
  { id: 'ben', name: 'Ben', role: 'customer' },
  { id: 'cleo', name: 'Cleo', role: 'customer' },
  { id: 'noor', name: 'Noor', role: 'warehouse' },
  { id: 'sam', name: 'Sam', role: 'warehouse' },
]

/** The person with this id, if there is one. */
export function findPerson(id: unknown): Person | undefined {
  return people.find((person) => person.id === id)
}

/**
 * Who sends a request. This demo believes whatever the `X-Demo-User` header says, so that two windows of one browser
 * can be two people; a real app looks into its session here.
 */
export function personOf(headers: Readonly<Record<string, unknown>>): Person | undefined {
  return findPerson(headers['x-demo-user'])
}

// What the channel rules know of a user, beside the id.
declare module '@startkit/broadcasting' {
  interface BroadcastUser {
    readonly name: string
    readonly role: Person['role']
  }
}

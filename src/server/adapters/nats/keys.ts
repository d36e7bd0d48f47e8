import { textOf, tokenOf } from './token.ts'

/** What the ledger has values for: places, users, and apps, whose name within themselves is empty. */
export interface Subject {
  readonly kind: 'place' | 'user' | 'app'
  readonly appId: string
  readonly name: string
}

/** The key of a value, of three tokens. */
export function keyOf(kind: Subject['kind'], appId: string, name = ''): string {
  return `${kind}.${tokenOf(appId)}.${tokenOf(name)}`
}

/** The key that says that a life has something there. */
export function shareKeyOf(life: string, key: string): string {
  return `has.${tokenOf(life)}.${key}`
}

/** What a key is of that ends with one of {@link keyOf}. */
export function subjectOf(key: string): Subject & { readonly key: string } {
  const tokens = key.split('.').slice(-3)
  const [kind, appId, name] = tokens
  if ((kind !== 'place' && kind !== 'user' && kind !== 'app') || appId === undefined || name === undefined) {
    throw new Error(`Not a key of the ledger: ${key}`)
  }
  return { kind, appId: textOf(appId), name: textOf(name), key: tokens.join('.') }
}

import { readFileSync } from 'node:fs'

/** The version of this package. */
export function packageVersion(): string {
  // As far away from the source as from what is built of it; our own file, so its shape is known.
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  const { version } = JSON.parse(text) as { readonly version: string }
  return version
}

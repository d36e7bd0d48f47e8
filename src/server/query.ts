/**
 * The first value of a parameter in the query of a URL, decoded as `URLSearchParams` does; undefined where there is none.
 * Reads on only as far as it must: an upgrade has few parameters, and two of them are asked for.
 */
export function parameterOf(url: string, name: string): string | undefined {
  for (let at = url.indexOf('?'); at !== -1; ) {
    const start = at + 1
    at = url.indexOf('&', start)
    if (!url.startsWith(name, start)) continue
    const entry = at === -1 ? url.slice(start) : url.slice(start, at)
    if (entry === name) return ''
    if (entry[name.length] === '=') return decoded(entry.slice(name.length + 1))
  }
  return undefined
}

function decoded(value: string): string {
  if (!/[%+]/.test(value)) return value
  return new URLSearchParams(`value=${value}`).get('value') ?? ''
}

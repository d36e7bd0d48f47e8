/** A text as one token of a subject, or as a part of a stream's name: legal in both, and different for different texts. */
export function tokenOf(text: string): string {
  // By UTF-16 unit, so that halves of pairs are told apart, too. A subject has no empty tokens.
  return text === '' ? '=' : text.replace(/[^\w-]/g, (unit) => `=${hex(unit.charCodeAt(0))}`)
}

/** The text that {@link tokenOf} has made a token of. */
export function textOf(token: string): string {
  return token === '='
    ? ''
    : token.replace(/=([\da-f]{4})/g, (_all, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
}

function hex(code: number): string {
  return code.toString(16).padStart(4, '0')
}

/** Characters that are told of a value from outside. */
const maxLength = 64

/** A value from outside as a line may hold it: quoted, on one line and not long. */
export function shown(value: string): string {
  const start = value.length > maxLength ? `${value.slice(0, maxLength - 1)}…` : value
  return `"${start.replace(/[\p{C}\p{Zl}\p{Zp}"]/gu, '?')}"`
}

/** A text that is short enough for the title of a test. */
export function clipped(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

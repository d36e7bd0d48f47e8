/** Calls back into code that is not ours: what it throws is reported and disturbs nobody else. */
export function attempt(call: () => void, report: (error: unknown) => void): void {
  try {
    call()
  } catch (thrown) {
    report(thrown)
  }
}

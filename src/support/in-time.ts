/** What is awaited, or a rejection with what `tooLate` makes when it takes longer than so many seconds. */
export async function inTime<T>(given: PromiseLike<T>, seconds: number, tooLate: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const end = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(tooLate()), seconds * 1000).unref()
  })
  try {
    return await Promise.race([given, end])
  } finally {
    clearTimeout(timer)
  }
}

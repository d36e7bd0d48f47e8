import { type Awaitable, isPromise } from '../support/awaitable.ts'
import { inTime } from '../support/in-time.ts'
import { RuleTimeoutError } from './errors.ts'

/** Seconds that a rule or the `user` function may take: a page that subscribes waits for it. */
const patience = 10

/** A question to the application's own code. */
interface Question<Answer> {
  /** Which function was asked, and what about. */
  readonly asked: string
  readonly ask: () => Awaitable<Answer>
  /** What to reject with instead of what it throws. */
  readonly failure: (cause: unknown) => Error
}

/** What the application's own code answers. Rejects with what `failure` makes, or a {@link RuleTimeoutError}. */
export async function answerInTime<Answer>({ asked, ask, failure }: Question<Answer>): Promise<Answer> {
  try {
    const answer = ask()
    if (!isPromise(answer)) return answer
    return await inTime(answer, patience, () => new RuleTimeoutError(asked, patience))
  } catch (thrown) {
    throw thrown instanceof RuleTimeoutError ? thrown : failure(thrown)
  }
}

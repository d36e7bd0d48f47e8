import { pino } from 'pino'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { BroadcastingError } from './errors.ts'
import { logFailure } from './log-failure.ts'

/** What a pino writes of it. */
function written(thrown: unknown): Record<string, unknown> {
  const write = vi.fn<(line: string) => void>()
  logFailure(pino({}, { write }), 'The rule failed', thrown)
  expect(write).toHaveBeenCalledOnce()
  return JSON.parse(write.mock.calls[0]?.[0] ?? '')
}

describe('logFailure', () => {
  const cause = new TypeError('no database')
  const failure = new BroadcastingError('ERR_BROADCAST_RULE_FAILED', 'outer', { cause })

  it('gives a pino the error that was thrown first, as err', () => {
    expect(written(failure)).toMatchObject({
      level: 50,
      msg: 'The rule failed',
      err: { type: 'TypeError', message: 'no database', stack: cause.stack },
    })
  })

  it('gives the error itself where nothing caused it, and where the cause is none', () => {
    expect(written(cause)).toMatchObject({ err: { stack: cause.stack } })
    expect(written(new Error('outer', { cause: 'text' }))).toMatchObject({ err: { message: 'outer' } })
  })

  it('gives another logger the message alone, and the stack at debug', () => {
    const logger = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() }
    logFailure(logger, 'The rule failed', failure)
    expect(logger.error).toHaveBeenCalledExactlyOnceWith('The rule failed')
    expect(logger.debug).toHaveBeenCalledExactlyOnceWith(cause.stack)
  })

  it('makes a warning of what a logger throws, be it a pino', () => {
    const warning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    onTestFinished(() => warning.mockRestore())
    const fail = () => {
      throw new Error('disk full')
    }
    logFailure(pino({}, { write: fail }), 'The rule failed', cause)
    logFailure({ debug: fail, info: fail, warn: fail, error: fail }, 'The rule failed', 'text')
    const line = 'The logger failed on "The rule failed": disk full'
    expect(warning.mock.calls).toEqual([[line], [line]])
  })

  it('says what there is to say of something that is no error', () => {
    expect(written('text')).not.toHaveProperty('err')
  })
})

import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { guardedLogger, silentLogger } from './logger.ts'

/** What a process prints that makes a logger and uses it. */
function printed(options: string, calls: string): string {
  const file = path.join(import.meta.dirname, 'logger.ts')
  const script = `import { createLogger } from ${JSON.stringify(file)}; const logger = createLogger(${options}); ${calls}`
  return execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    encoding: 'utf8',
  })
}

describe('createLogger', () => {
  it('writes the bare message, other levels with their name, all before the process ends', () => {
    const text = printed(
      '{}',
      `logger.info('plain "text" é'); logger.warn('careful'); logger.debug('no'); process.exit(0)`,
    )
    expect(text).toBe('plain "text" é\nwarn: careful\n')
  })

  it('escapes control characters, so that no value can forge a line or move the cursor', () => {
    const said = String.raw`logger.info('a\nerror: b\r\u001b[1A\u0085\u2028')`
    expect(printed('{}', said)).toBe('a\\nerror: b\\r\\u001b[1A\\u0085\\u2028\n')
  })

  it('writes the stack of a failure below its line, so that no text in it can forge another', () => {
    const failure = String.raw`const err = new TypeError('a\nerror: b'); err.stack = 'TypeError: a\nerror: b\r\n    at rule'`
    expect(printed('{}', `${failure}; logger.error({ err }, 'failed')`)).toBe(
      'error: failed\n    TypeError: a\n    error: b\n    at rule\n',
    )
  })

  it('writes JSON with the name of the logger when asked to', () => {
    const line = printed(`{ format: 'json', level: 'debug' }`, `logger.debug('hello')`)
    expect(JSON.parse(line)).toMatchObject({ name: 'reverb', level: 20, msg: 'hello' })
  })

  it('writes nothing when silent', () => {
    expect(printed(`{ level: 'silent' }`, `logger.error('hello')`)).toBe('')
  })
})

describe('guardedLogger', () => {
  it('passes lines on, and makes a warning of what the logger throws', () => {
    const warning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    onTestFinished(() => warning.mockRestore())
    const info = vi.fn()
    const error = () => {
      throw new Error('disk full')
    }
    const logger = guardedLogger({ ...silentLogger, info, error })
    logger.info('hello')
    logger.error('bad')
    expect(info).toHaveBeenCalledWith('hello')
    expect(warning).toHaveBeenCalledWith('The logger failed on "bad": disk full')
  })
})

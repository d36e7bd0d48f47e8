import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { describe, expect, it } from 'vitest'

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

  it('escapes line breaks, so that no value can forge a line', () => {
    expect(printed('{}', String.raw`logger.info('a\nerror: b\r')`)).toBe('a\\nerror: b\\r\n')
  })

  it('writes JSON with the name of the logger when asked to', () => {
    const line = printed(`{ format: 'json', level: 'debug' }`, `logger.debug('hello')`)
    expect(JSON.parse(line)).toMatchObject({ name: 'reverb', level: 20, msg: 'hello' })
  })

  it('writes nothing when silent', () => {
    expect(printed(`{ level: 'silent' }`, `logger.error('hello')`)).toBe('')
  })
})

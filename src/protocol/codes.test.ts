import { describe, expect, it } from 'vitest'
import { codes } from './codes.ts'

const rows = Object.entries(codes).map(([code, row]) => ({ code: Number(code), ...row }))

describe('codes', () => {
  it.each(rows)('C15 says of $code what its range means to a client', ({ code, reconnect }) => {
    const meaning = ['never', 'after a pause', 'at once', 'stays open'][Math.floor((code - 4000) / 100)]
    expect(reconnect).toBe(meaning)
  })

  it('C15 has no text that is too long for a close frame', () => {
    for (const { text } of rows) expect(Buffer.byteLength(text)).toBeLessThanOrEqual(123)
  })
})

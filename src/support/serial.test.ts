import { describe, expect, it } from 'vitest'
import { Serial } from './serial.ts'

describe('Serial', () => {
  it('runs one after the other, in order', async () => {
    const serial = new Serial()
    const said: string[] = []
    const task = (name: string) => async () => {
      said.push(`${name} begins`)
      await new Promise((resolve) => setImmediate(resolve))
      said.push(`${name} ends`)
      return name
    }
    expect(await Promise.all([serial.run(task('a')), serial.run(task('b'))])).toEqual(['a', 'b'])
    expect(said).toEqual(['a begins', 'a ends', 'b begins', 'b ends'])
  })

  it('tells of a failure only to whoever has given the task', async () => {
    const serial = new Serial()
    const failing = serial.run(() => Promise.reject(new Error('broken')))
    const next = serial.run(async () => 'next')
    await expect(failing).rejects.toThrow('broken')
    expect(await next).toBe('next')
  })
})

import { describe, expect, it } from 'vitest'
import { Pending } from './redis-pending.ts'

describe('Pending', () => {
  it('settles as the answers do', async () => {
    const pending = new Pending()
    expect(await pending.until(Promise.resolve('yes'))).toBe('yes')
    await expect(pending.until(Promise.reject(new Error('no')))).rejects.toThrow('no')
  })

  it('rejects at its end what is not answered, and what is asked later', async () => {
    const pending = new Pending()
    let answer: (text: string) => void = () => {}
    let refuse: (error: Error) => void = () => {}
    const asked = [
      pending.until(new Promise<string>((resolve) => (answer = resolve))),
      pending.until(new Promise<string>((_, reject) => (refuse = reject))),
    ]
    pending.end('over')
    // The first word counts.
    pending.end('over again')
    answer('too late')
    refuse(new Error('too late'))
    asked.push(
      pending.until(Promise.resolve('after the end')),
      pending.until(Promise.reject(new Error('too late'))),
    )
    for (const each of asked) await expect(each).rejects.toThrow(/^over$/)
  })
})

import { describe, expect, it } from 'vitest'
import { Unanswered } from './unanswered.ts'

const never = () => new Promise<never>(() => {})
const refuse = (code: number) => () => Promise.reject(Object.assign(new Error('refused'), { code }))
const fail = () => Promise.reject(new Error('no answer'))

/** What is taken and written when it ends. */
async function end(unanswered: Unanswered): Promise<readonly string[]> {
  const done: string[] = []
  await unanswered.end(
    async (id) => void done.push(id),
    async (key) => void done.push(key),
  )
  return done
}

describe('Unanswered', () => {
  it('ends what nobody has answered, once', async () => {
    const unanswered = new Unanswered()
    const ids: string[] = []
    for (const write of [never, fail, refuse(10071), async () => 1, refuse(10077)]) {
      const answer = unanswered.run((id) => {
        ids.push(id)
        return write()
      })
      if (write !== never) await Promise.allSettled([answer])
    }
    expect(new Set(ids).size).toBe(5)
    expect(await end(unanswered)).toEqual([ids[0], ids[1], ids[4]])
    expect(await end(unanswered)).toEqual([])
  })

  it('ends the rest another time when that is cut short', async () => {
    const unanswered = new Unanswered()
    void unanswered.run(never)
    unanswered.notes.add({ key: 'note' })
    await expect(unanswered.end(fail, fail)).rejects.toThrow('no answer')
    expect(await end(unanswered)).toHaveLength(2)
  })

  it('does not wait for what is being stored', async () => {
    const unanswered = new Unanswered()
    void unanswered.run(never)
    await unanswered.end(refuse(10158), never)
    expect(await end(unanswered)).toEqual([])
  })

  it('writes notes again once it is sure what they are for', async () => {
    const unanswered = new Unanswered()
    unanswered.notes.add({ key: 'note' })
    void unanswered.run(never)
    expect(await end(unanswered)).toEqual([expect.any(String), 'note'])
    expect(await end(unanswered)).toEqual([])
  })
})

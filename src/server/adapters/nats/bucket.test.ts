import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { FakeJetStream } from '../../../../test/support/fake-jetstream.ts'
import { pending } from '../../../../test/support/pending.ts'
import { Bucket, LostMemoryError } from './bucket.ts'
import type { JetStream } from './jetstream.ts'
import { Unanswered } from './unanswered.ts'

const settings = { name: 'bucket', subjects: ['b.>'], replicas: 1, maxAge: 1 }

async function setUp() {
  const server = new FakeJetStream()
  const unanswered = new Unanswered()
  const open = () => Bucket.open(server.jetStream, settings, 'b')
  const openAgain = () => Bucket.open(server.jetStream, settings, 'b', unanswered)
  return { server, bucket: await openAgain(), openAgain, other: await open() }
}

/** A bucket over a connection on which everything takes its time. */
function openFar({ read, publish, ...jetStream }: JetStream): Promise<Bucket> {
  const late = async <Answer>(ask: () => Promise<Answer>) => {
    await sleep(5)
    return ask()
  }
  const far: JetStream = {
    ...jetStream,
    read: (...said) => late(() => read(...said)),
    publish: (...said) => late(() => publish(...said)),
  }
  return Bucket.open(far, settings, 'b')
}

const removeSum = (bucket: Bucket) =>
  bucket.change('sum', (entry) => ({ remove: true, result: () => entry?.value }))

const addOne = (bucket: Bucket, at?: number) =>
  bucket.change('sum', (entry) => {
    const sum = Number(entry?.value ?? 0) + 1
    return { write: sum, result: () => sum, ...(at === undefined ? {} : { at }) }
  })

describe('Bucket', () => {
  describe('#change', () => {
    it('loses nothing when two change a key at the same time', async () => {
      const { bucket, other } = await setUp()
      await Promise.all(Array.from({ length: 10 }, (_, index) => addOne(index % 2 ? bucket : other)))
      expect((await bucket.read('sum'))?.value).toBe(10)
    })

    it('changes what somebody else, who is nearer, changes all the time', async () => {
      const { server, bucket } = await setUp()
      const far = await openFar(server.jetStream)
      let isOver = false
      const changes = (async () => {
        for (let at = 0; !isOver; at++) {
          await nextTurn()
          await addOne(bucket, at)
        }
      })()
      await addOne(far).finally(() => {
        isOver = true
      })
      await changes
    })

    it('remembers what it wrote, and looks again when that is not there any more', async () => {
      const { bucket, other } = await setUp()
      expect([await addOne(bucket, 1), await addOne(bucket, 2), await addOne(other, 3)]).toEqual([1, 2, 3])
      expect(await addOne(bucket, 4)).toBe(4)
    })

    it('answers who changes nothing only by what is there', async () => {
      const { bucket, other } = await setUp()
      await addOne(bucket, 1)
      await addOne(other, 2)
      expect(await bucket.change('sum', (entry) => ({ result: () => entry?.value }))).toBe(2)
    })

    it('removes nothing that somebody else has written', async () => {
      const { bucket, other } = await setUp()
      await addOne(bucket, 1)
      await other.write('sum', 7)
      expect(await removeSum(bucket)).toBe(7)
      expect(await other.read('sum')).toBe(undefined)
      expect((await other.keys('>')).keys).toEqual([])
    })

    it('writes where something was removed, even if a trace of that is left', async () => {
      const { server, bucket, other } = await setUp()
      await addOne(bucket)
      const remove = vi.spyOn(server.jetStream, 'remove').mockResolvedValue()
      await removeSum(bucket)
      remove.mockRestore()
      expect(await bucket.read('sum')).toBe(undefined)
      expect(await addOne(other)).toBe(1)
    })

    it('deletes what it drops', async () => {
      const { bucket } = await setUp()
      await bucket.write('note', 1)
      await bucket.change('sum', () => ({ write: 0, drop: 'note', result: () => undefined }))
      expect(await bucket.read('note')).toBe(undefined)
    })
  })

  it('deletes nothing that was written after it was said', async () => {
    const { bucket, other } = await setUp()
    const revision = await bucket.write('note', 1)
    const later = await other.write('note', 1)
    await bucket.drop('note', revision)
    expect(await bucket.read('note')).toMatchObject({ revision: later })
  })

  describe('.open', () => {
    it.each([
      ['writes', addOne],
      ['removes', removeSum],
    ])('%s nothing any more that a lost connection still brings', async (_what, ask) => {
      const { server, bucket, openAgain, other } = await setUp()
      await addOne(other)
      const [asked, arrived] = [pending<void>(), pending<void>()]
      server.beforeWrite = () => {
        server.beforeWrite = () => {}
        asked.resolve()
        return arrived.promise
      }
      const answer = ask(bucket)
      await asked.promise
      await openAgain()
      arrived.resolve()
      await answer
      expect((await other.read('sum'))?.value).toBe(1)
    })
  })

  it('notices that revisions begin anew', async () => {
    const { server, bucket } = await setUp()
    await bucket.write('a', 1)
    await bucket.write('b', 2)
    server.wipe()
    await expect(bucket.write('a', 1)).rejects.toBeInstanceOf(LostMemoryError)
  })
})

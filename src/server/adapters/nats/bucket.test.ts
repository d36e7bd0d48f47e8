import { describe, expect, it } from 'vitest'
import { FakeJetStream } from '../../../../test/support/fake-jetstream.ts'
import { Bucket, LostMemoryError } from './bucket.ts'

async function setUp() {
  const server = new FakeJetStream()
  const settings = { name: 'bucket', subjects: ['b.>'], replicas: 1, maxAge: 1 }
  const open = () => Bucket.open(server.jetStream, settings, 'b')
  return { server, bucket: await open(), other: await open() }
}

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
      const revision = await other.write('sum', 7)
      const removed = await bucket.change('sum', (entry) => ({ remove: true, result: () => entry?.value }))
      expect(removed).toBe(7)
      expect(await other.remove(revision)).toBe(false)
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

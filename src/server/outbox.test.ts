import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { turn } from '../../test/support/parts.ts'
import { FakeSocket } from '../testing/index.ts'
import type { Frame } from './frame.ts'
import { Metrics } from './metrics.ts'
import { type Batch, Outbox, type Recipient } from './outbox.ts'

class Reader implements Recipient {
  readonly socket = new FakeSocket()
  waiting: Batch | null = null
  first = false
  writtenTurn = 0
  writtenBytes = 0
  refused = 0

  tooSlow(): void {
    this.refused++
  }

  get text(): string {
    return Buffer.concat(this.socket.writes).toString('latin1')
  }
}

const readers = (count: number) => Array.from({ length: count }, () => new Reader())
const frame = (text: string): Frame => Buffer.from(text, 'latin1')
const written = (all: readonly Reader[]) => all.filter(({ socket }) => socket.writes.length > 0).length

/** Bytes of a frame that is written before the turn ends. */
const large = 65_537

let metrics: Metrics
let outbox: Outbox

beforeEach(() => {
  metrics = new Metrics()
  outbox = new Outbox(1000, metrics)
})

describe('Outbox', () => {
  describe('#add', () => {
    it('writes nothing before the turn ends, then everything in order with one write', async () => {
      const reader = new Reader()
      for (const text of ['a', 'b', 'c']) outbox.add(reader, frame(text), true)
      expect(reader.socket.writes).toEqual([])
      await turn()
      expect(reader.socket.writes).toEqual([frame('abc')])
    })

    it('keeps the order of frames for large channels and others', async () => {
      const reader = new Reader()
      outbox.add(reader, frame('a'), false)
      outbox.add(reader, frame('b'), true)
      outbox.add(reader, frame('c'), false)
      await turn()
      expect(reader.socket.writes).toEqual([frame('abc')])
    })

    it('hands the frame itself to everybody for whom nothing else waits', async () => {
      const all = readers(3)
      const shared = frame('a')
      for (const reader of all) outbox.add(reader, shared, true)
      await turn()
      for (const { socket } of all) expect(socket.writes[0]).toBe(shared)
    })

    it('joins equal sequences once: everybody gets the same bytes', async () => {
      const all = readers(3)
      const frames = ['a', 'b', 'c'].map(frame)
      for (const one of frames) for (const reader of all) outbox.add(reader, one, false)
      await turn()
      const [first] = all
      expect(first?.text).toBe('abc')
      for (const { socket } of all) expect(socket.writes[0]).toBe(first?.socket.writes[0])
    })

    it('joins equal sequences once, also in slices of different turns', async () => {
      const all = readers(300)
      for (const one of ['a', 'b'].map(frame)) for (const reader of all) outbox.add(reader, one, false)
      await turn()
      await turn()
      expect(new Set(all.map(({ socket }) => socket.writes[0])).size).toBe(1)
    })

    it('does not mix sequences that part', async () => {
      const [one, other] = [new Reader(), new Reader()]
      const shared = frame('a')
      for (const reader of [one, other]) outbox.add(reader, shared, true)
      outbox.add(one, frame('b'), true)
      outbox.add(other, frame('c'), true)
      outbox.add(one, frame('d'), true)
      await turn()
      expect([one.text, other.text]).toEqual(['abd', 'ac'])
    })

    it('starts each turn with nothing', async () => {
      const reader = new Reader()
      const again = frame('a')
      outbox.add(reader, again, true)
      await turn()
      outbox.add(reader, again, true)
      await turn()
      expect(reader.socket.writes).toEqual([again, again])
    })

    it('writes more than 64 KiB at once, and goes on after it', async () => {
      const reader = new Reader()
      outbox.add(reader, frame('a'), true)
      outbox.add(reader, Buffer.alloc(large - 2, 'b'), true)
      expect(reader.socket.writes).toEqual([])
      outbox.add(reader, frame('c'), true)
      expect(reader.text === `a${'b'.repeat(large - 2)}c`).toBe(true)
      outbox.add(reader, frame('d'), true)
      await turn()
      expect(reader.socket.writes.slice(1)).toEqual([frame('d')])
    })
  })

  describe('at the end of a turn', () => {
    it('writes to everybody in the first list, however many', async () => {
      const all = readers(600)
      for (const reader of all) outbox.add(reader, frame('a'), true)
      await turn()
      expect(written(all)).toBe(600)
    })

    it('writes to 256 of the others, and to the next 256 a turn later', async () => {
      const all = readers(600)
      const counts = []
      for (const reader of all) outbox.add(reader, frame('a'), false)
      for (let turns = 0; turns < 4; turns++) {
        await turn()
        counts.push(written(all))
      }
      expect(counts).toEqual([256, 512, 600, 600])
      expect(all.every(({ text }) => text === 'a')).toBe(true)
    })

    it('writes to the first list before the others', async () => {
      const order: string[] = []
      const [early, late] = [new Reader(), new Reader()]
      early.socket.write = () => void order.push('other')
      late.socket.write = () => void order.push('first')
      outbox.add(early, frame('a'), false)
      outbox.add(late, frame('a'), true)
      await turn()
      expect(order).toEqual(['first', 'other'])
    })

    it('writes to one of the others in time who was promoted, with all that waits for it', async () => {
      const last = new Reader()
      const all = [...readers(599), last]
      for (const reader of all) outbox.add(reader, frame('a'), false)
      outbox.add(last, frame('b'), true)
      await turn()
      expect(last.socket.writes).toEqual([frame('ab')])
      for (let turns = 0; turns < 3; turns++) await turn()
      expect(last.text).toBe('ab')
      expect(written(all)).toBe(600)
    })

    it('writes in the same write what arrives while a slice is waited for', async () => {
      const all = readers(300)
      for (const reader of all) outbox.add(reader, frame('a'), false)
      await turn()
      for (const reader of all) outbox.add(reader, frame('b'), false)
      await turn()
      await turn()
      expect(all.at(-1)?.socket.writes).toEqual([frame('ab')])
      expect(all.at(0)?.socket.writes).toEqual([frame('a'), frame('b')])
    })

    it('loses nothing that is added while it writes', async () => {
      const [one, other] = [new Reader(), new Reader()]
      outbox.add(one, frame('a'), true)
      outbox.add(other, frame('a'), true)
      other.socket.write = (bytes) => {
        other.socket.writes.push(bytes)
        if (other.socket.writes.length === 1) {
          outbox.add(one, frame('b'), true)
          outbox.add(other, frame('b'), false)
        }
      }
      await turn()
      await turn()
      expect([one.text, other.text]).toEqual(['ab', 'ab'])
    })
  })

  it('rests while nothing waits', async () => {
    const scheduled = vi.spyOn(globalThis, 'setImmediate')
    onTestFinished(() => scheduled.mockRestore())
    const [one, other] = [new Reader(), new Reader()]
    outbox.add(one, frame('a'), true)
    outbox.add(other, frame('a'), false)
    expect(scheduled).toHaveBeenCalledTimes(1)
    for (let turns = 0; turns < 3; turns++) await turn()
    expect(scheduled).toHaveBeenCalledTimes(1 + 3)
  })

  describe('#flush', () => {
    it('writes what waits now, and nothing a second time', async () => {
      const reader = new Reader()
      outbox.add(reader, frame('a'), true)
      outbox.flush(reader)
      expect(reader.text).toBe('a')
      outbox.flush(reader)
      await turn()
      expect(reader.text).toBe('a')
    })

    it('writes nothing to a socket that is not open, and counts it', async () => {
      const reader = new Reader()
      let writes = 0
      reader.socket.write = () => void writes++
      outbox.add(reader, frame('a'), true)
      reader.socket.open = false
      await turn()
      expect([writes, reader.refused, metrics.framesDropped]).toEqual([0, 0, 1])
    })
  })

  describe('a slow reader', () => {
    it('is refused when more than the send buffer waits from earlier turns', async () => {
      const reader = new Reader()
      reader.socket.queued = 1001
      outbox.add(reader, frame('a'), true)
      await turn()
      expect([reader.refused, reader.text]).toEqual([1, ''])
      expect([metrics.slowConnectionsClosed, metrics.framesDropped]).toEqual([1, 1])
    })

    it('is not refused for the send buffer itself', async () => {
      const reader = new Reader()
      reader.socket.queued = 1000
      outbox.add(reader, frame('a'), true)
      await turn()
      expect([reader.refused, reader.text]).toEqual([0, 'a'])
    })

    it('is not judged by what was written in the present turn', async () => {
      const reader = new Reader()
      for (let writes = 1; writes <= 3; writes++) {
        outbox.add(reader, Buffer.alloc(large), true)
        reader.socket.queued = writes * large
      }
      outbox.add(reader, frame('a'), true)
      await turn()
      expect([reader.refused, reader.socket.writes.length]).toEqual([0, 4])
    })

    it('is judged by it in the next turn', async () => {
      const reader = new Reader()
      outbox.add(reader, Buffer.alloc(large), true)
      reader.socket.queued = large
      await turn()
      outbox.add(reader, frame('a'), true)
      await turn()
      expect([reader.refused, reader.socket.writes.length]).toEqual([1, 1])
    })

    it('keeps nobody else waiting, also when its refusal adds to others', async () => {
      const [slow, other] = [new Reader(), new Reader()]
      slow.socket.queued = 2000
      slow.tooSlow = () => outbox.add(other, frame('b'), true)
      outbox.add(slow, frame('a'), true)
      outbox.add(other, frame('a'), true)
      await turn()
      await turn()
      expect(other.text).toBe('ab')
    })
  })

  describe('#published', () => {
    it('has had enough above 1 MiB in one turn, and not in the next', async () => {
      const reader = new Reader()
      outbox.add(reader, frame('a'), true)
      expect(outbox.published(1_048_576)).toBe(false)
      expect(outbox.published(1)).toBe(true)
      await turn()
      expect(outbox.published(1)).toBe(false)
    })
  })

  it('resolves turnEnded when what waits has been written', async () => {
    const reader = new Reader()
    outbox.add(reader, frame('a'), true)
    await outbox.turnEnded()
    expect(reader.text).toBe('a')
  })

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'loses, doubles and swaps nothing, whatever comes in between (seed %i)',
    async (seed) => {
      const random = randomFrom(seed)
      const below = (limit: number) => Math.floor(random() * limit)
      const members = new Set(readers(700))
      const expected = new Map([...members].map((reader) => [reader, '']))
      for (let step = 0; step < 120; step++) {
        const text = `${step}${'.'.repeat(below(40))};`
        const sent = frame(text)
        const everybody = below(4) === 0
        const first = below(2) === 0
        for (const reader of members) {
          if (!everybody && below(20) > 0) continue
          outbox.add(reader, sent, first)
          expected.set(reader, expected.get(reader) + text)
        }
        const [one] = members
        if (one !== undefined && below(3) === 0) {
          const bytes = Buffer.alloc(large, String(step % 10))
          outbox.add(one, bytes, first)
          expected.set(one, expected.get(one) + bytes.toString('latin1'))
        }
        if (one !== undefined && below(5) === 0) members.delete(one)
        if (below(5) === 0) {
          const newcomer = new Reader()
          members.add(newcomer)
          expected.set(newcomer, '')
        }
        if (below(3) > 0) await turn()
      }
      for (let turns = 0; turns < 5; turns++) await turn()
      for (const [reader, text] of expected) {
        // A difference is rare and long: it is only made out when there is one.
        if (reader.text !== text) expect(reader.text).toBe(text)
        expect(reader.waiting).toBeNull()
      }
    },
  )

  describe('#check', () => {
    it('ends a recipient that does not take what earlier turns wrote, though nothing more is sent', async () => {
      const reader = new Reader()
      outbox.add(reader, frame('a'), true)
      await turn()
      reader.socket.queued = 1001
      outbox.check(reader)
      expect([reader.refused, metrics.slowConnectionsClosed]).toEqual([1, 1])
    })

    it('never holds bytes of the present turn against a recipient, nor the send buffer itself', () => {
      const [busy, slow] = [new Reader(), new Reader()]
      outbox.add(busy, Buffer.alloc(large), true)
      busy.socket.queued = large
      slow.socket.queued = 1000
      for (const reader of [busy, slow]) outbox.check(reader)
      expect([busy.refused, slow.refused]).toEqual([0, 0])
    })
  })

  it('lets go of who has left, also while a large channel never comes to rest', async () => {
    const all = readers(600)
    const left = leaverOf(outbox)
    for (let event = 0; event < 50; event++) {
      for (const reader of all) outbox.add(reader, frame('a'), false)
      await turn()
    }
    collectGarbage()
    expect(left.deref()).toBeUndefined()
  })

  it('keeps slices for large events too, up to 256 KiB for each recipient', async () => {
    const all = readers(300)
    for (const reader of all) outbox.add(reader, Buffer.alloc(large), false)
    expect(written(all)).toBe(0)
    await turn()
    expect(written(all)).toBeLessThan(300)
    await turn()
    expect(written(all)).toBe(300)
    const last = new Reader()
    for (let count = 0; count < 4; count++) outbox.add(last, Buffer.alloc(large), false)
    expect(last.socket.writes).toHaveLength(1)
  })
})

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** A recipient that nobody knows any more but, perhaps, the outbox. */
function leaverOf(outbox: Outbox): WeakRef<Reader> {
  const leaver = new Reader()
  outbox.add(leaver, frame('a'), false)
  return new WeakRef(leaver)
}

/** A full collection, without a flag on the command line. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}

import { beforeEach, describe, expect, it, vi } from 'vitest'
import { AlreadySentError } from './errors.ts'
import { type BroadcastSender, PendingBroadcast } from './pending-broadcast.ts'
import type { BroadcastReceipt } from './receipt.ts'
import { runInRequest } from './request-context.ts'

type Sender = BroadcastSender<BroadcastReceipt>

const receipt = { driver: 'fake', event: 'OrderShipped', channels: [{ name: 'orders' }] }

const sender = {
  send: vi.fn<Sender['send']>(),
  reportUnawaited: vi.fn<Sender['reportUnawaited']>(),
  reportMissingSocket: vi.fn<Sender['reportMissingSocket']>(),
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve))

beforeEach(() => {
  vi.resetAllMocks()
  sender.send.mockResolvedValue(receipt)
})

describe('PendingBroadcast', () => {
  it('sends on the next microtask, awaited or not, and once', async () => {
    const pending = new PendingBroadcast(sender)
    expect(sender.send).not.toHaveBeenCalled()
    await undefined
    expect(sender.send).toHaveBeenCalledExactlyOnceWith({ via: undefined, except: undefined })
    await pending
    await pending
    expect(sender.send).toHaveBeenCalledOnce()
  })

  it('gives the receipt to await, then, finally and Promise.all', async () => {
    const make = () => new PendingBroadcast(sender)
    const onSettled = vi.fn()
    expect(await make()).toBe(receipt)
    expect(await make().then(({ driver }) => driver)).toBe('fake')
    expect(await make().finally(onSettled)).toBe(receipt)
    expect(onSettled).toHaveBeenCalledOnce()
    expect(await Promise.all([make(), make()])).toEqual([receipt, receipt])
  })

  it('throws where it is awaited, and reports nothing then', async () => {
    const failure = new Error('broken')
    sender.send.mockRejectedValue(failure)
    const make = () => new PendingBroadcast(sender)
    await expect(make().then()).rejects.toBe(failure)
    expect(await make().catch((error) => error)).toBe(failure)
    await expect((async () => await make())()).rejects.toBe(failure)
    await expect((async () => make())()).rejects.toBe(failure)
    await expect(Promise.all([make(), make()])).rejects.toBe(failure)
    await nextTurn()
    expect(sender.reportUnawaited).not.toHaveBeenCalled()
  })

  it('throws where it is awaited a few microtasks later, too', async () => {
    sender.send.mockRejectedValue(new Error('broken'))
    const pending = new PendingBroadcast(sender)
    for (let turn = 0; turn < 20; turn++) await undefined
    await expect(pending.then()).rejects.toThrow('broken')
    await nextTurn()
    expect(sender.reportUnawaited).not.toHaveBeenCalled()
  })

  it('reports a failure that nobody awaits, and leaves no unhandled rejection', async () => {
    const unhandled = vi.fn()
    process.on('unhandledRejection', unhandled)
    const failure = new Error('broken')
    sender.send.mockRejectedValue(failure)
    new PendingBroadcast(sender).toOthers('1.2').via('log')
    await nextTurn()
    await nextTurn()
    process.off('unhandledRejection', unhandled)
    expect(sender.reportUnawaited).toHaveBeenCalledExactlyOnceWith(failure)
    expect(unhandled).not.toHaveBeenCalled()
  })

  describe('#via', () => {
    it('names the connection', async () => {
      await new PendingBroadcast(sender).via('log')
      expect(sender.send).toHaveBeenCalledWith({ via: 'log', except: undefined })
    })

    it('is refused once it was sent', async () => {
      const pending = new PendingBroadcast(sender)
      await pending
      expect(() => pending.via('log')).toThrow(AlreadySentError)
    })
  })

  describe('#toOthers', () => {
    it.each([
      ['a socket id', '1.2'],
      ['a request of Node', { headers: { 'x-socket-id': '1.2' } }],
      ['a request of fetch', new Request('http://localhost', { headers: { 'X-Socket-ID': '1.2' } })],
    ])('excepts the socket of %s', async (_what, source) => {
      await new PendingBroadcast(sender).toOthers(source)
      expect(sender.send).toHaveBeenCalledWith({ via: undefined, except: '1.2' })
      expect(sender.reportMissingSocket).not.toHaveBeenCalled()
    })

    it('excepts the socket of the request it is called in', async () => {
      await runInRequest({ headers: { 'x-socket-id': '3.4' } }, async () => {
        await nextTurn()
        await new PendingBroadcast(sender).toOthers()
      })
      expect(sender.send).toHaveBeenCalledWith({ via: undefined, except: '3.4' })
    })

    it('leaves everybody in where it is not called, also inside a request', async () => {
      await runInRequest({ headers: { 'x-socket-id': '3.4' } }, () => new PendingBroadcast(sender).then())
      expect(sender.send).toHaveBeenCalledWith({ via: undefined, except: undefined })
    })

    it.each([[undefined], ['not an id'], [{ headers: {} }]])(
      'says so when %j gives no socket id',
      async (source) => {
        await new PendingBroadcast(sender).toOthers(source)
        expect(sender.reportMissingSocket).toHaveBeenCalledOnce()
        expect(sender.send).toHaveBeenCalledWith({ via: undefined, except: undefined })
      },
    )

    it('is refused once it was sent', async () => {
      const pending = new PendingBroadcast(sender)
      await undefined
      expect(() => pending.toOthers('1.2')).toThrow('chain it directly: broadcast(event).toOthers()')
    })
  })
})

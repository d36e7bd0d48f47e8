import { inspect } from 'node:util'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { eventually } from '../../test/support/eventually.ts'
import { open, sharedSecret } from '../protocol/encryption.ts'
import { ConfigurationError } from '../support/errors.ts'
import { BroadcastEvent } from './broadcast-event.ts'
import { BroadcastManager, type BroadcastManagerParts } from './broadcast-manager.ts'
import type { Broadcaster, OutgoingEvent } from './broadcaster.ts'
import { EncryptedPrivateChannel, PrivateChannel } from './channel.ts'
import type { BroadcastManagerConfig } from './config.ts'
import type { ConnectionConfig } from './connection-config.ts'
import {
  BroadcastError,
  EncryptionKeyError,
  EventError,
  PartlySentError,
  PayloadError,
  ShutDownError,
  UnknownDriverError,
  UnsupportedError,
  UserIdError,
} from './errors.ts'

class OrderShipped extends BroadcastEvent {
  readonly order_id: number
  readonly status = 'shipped'
  constructor(id: number) {
    super()
    this.order_id = id
  }
  broadcastOn() {
    return [`orders.${this.order_id}`, new PrivateChannel('warehouse')]
  }
}

/** A manager whose log lines are kept. */
function managerWith(config: BroadcastManagerConfig = {}, parts: BroadcastManagerParts = {}) {
  const logger = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() }
  return { logger, manager: new BroadcastManager({ logger, ...config }, { env: {}, ...parts }) }
}

/** A driver that keeps what it is given. */
class Recorder implements Broadcaster {
  readonly sent: OutgoingEvent[] = []
  readonly close = vi.fn()
  broadcast(event: OutgoingEvent): void {
    this.sent.push(event)
  }
}

/** A server in this process that keeps what it is told. */
function serverWith(publish = vi.fn(() => new Map<string, number>())) {
  return { publish, disconnectUser: vi.fn(), unsubscribeUser: vi.fn() }
}

const masterKey = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8='
const otherKey = Buffer.alloc(32, 7).toString('base64')

/** What a subscriber of the channel reads. */
const read = (channel: string, data = '', key = masterKey) =>
  open(sharedSecret(channel, Buffer.from(key, 'base64')), data)

const nextTurn = () => new Promise((resolve) => setImmediate(resolve))

describe('BroadcastManager', () => {
  describe('with nothing configured', () => {
    it('writes the line of the log driver, one per channel', async () => {
      const { manager, logger } = managerWith()
      const receipt = await manager.broadcast(new OrderShipped(1))
      expect(logger.info.mock.calls).toEqual([
        ['[Broadcast] channel=orders.1 event=OrderShipped data={"order_id":1,"status":"shipped"}'],
        ['[Broadcast] channel=private-warehouse event=OrderShipped data={"order_id":1,"status":"shipped"}'],
      ])
      expect(receipt).toEqual({
        driver: 'log',
        event: 'OrderShipped',
        channels: [{ name: 'orders.1' }, { name: 'private-warehouse' }],
      })
    })

    it('writes to stdout, as one plain line', async () => {
      const manager = new BroadcastManager({}, { env: {} })
      const lines = vi.spyOn(manager.logger, 'info').mockImplementation(() => {})
      await manager.on('a').as('b').with({ c: 'ü\n"' }).send()
      expect(lines).toHaveBeenCalledExactlyOnceWith('[Broadcast] channel=a event=b data={"c":"ü\\n\\""}')
    })
  })

  it('takes the driver from code, else BROADCAST_DRIVER, else BROADCAST_CONNECTION', () => {
    const both = { BROADCAST_DRIVER: 'null', BROADCAST_CONNECTION: 'reverb' }
    const driverOf = (config: BroadcastManagerConfig, env: Record<string, string>) =>
      managerWith(config, { env }).manager.configOf().driver
    expect(driverOf({ driver: 'log' }, both)).toBe('log')
    expect(driverOf({}, both)).toBe('null')
    expect(driverOf({}, { BROADCAST_CONNECTION: 'null' })).toBe('null')
    expect(driverOf({}, { BROADCAST_DRIVER: '' })).toBe('log')
  })

  it('sends nothing with driver null', async () => {
    const { manager, logger } = managerWith({ driver: 'null' })
    expect(await manager.broadcast(new OrderShipped(1))).toMatchObject({
      driver: 'null',
      event: 'OrderShipped',
    })
    expect(logger.info).not.toHaveBeenCalled()
  })

  it('gives the reverb driver what it has, and the receipt its recipients', async () => {
    const publish = vi.fn(() => new Map([['orders.1', 3]]))
    const { manager, logger } = managerWith({ driver: 'reverb' }, { server: serverWith(publish) })
    const receipt = await manager.broadcast(new OrderShipped(1)).toOthers('1.2')
    expect(publish).toHaveBeenCalledExactlyOnceWith({
      channels: ['orders.1', 'private-warehouse'],
      event: 'OrderShipped',
      data: '{"order_id":1,"status":"shipped"}',
      socketId: '1.2',
    })
    expect(receipt.channels).toEqual([{ name: 'orders.1', recipients: 3 }, { name: 'private-warehouse' }])
    expect(logger.info.mock.calls).toEqual([['Driver reverb sends in this process']])
  })

  it('sends in this process, as over HTTP, to more channels than one event may have in several', async () => {
    const names = Array.from({ length: 250 }, (_, index) => `news.${index}`)
    const publish = vi.fn(({ channels }: { channels: readonly string[] }) => {
      if (channels.includes('news.249')) throw new RangeError('too late')
      return new Map(channels.map((channel) => [channel, 1]))
    })
    const server = { ...serverWith(), publish }
    const { manager } = managerWith({ driver: 'reverb' }, { server })
    const { channels } = await manager.on(...names.slice(0, 150)).send()
    expect(channels).toEqual(names.slice(0, 150).map((name) => ({ name, recipients: 1 })))
    expect(publish.mock.calls.map(([part]) => part.channels.length)).toEqual([100, 50])
    const failure = {
      message: 'Driver "reverb": too late. Before that, it was sent to the first 200 of 250 channels',
      retryable: false,
      cause: new RangeError('too late'),
    }
    await expect(
      manager
        .on(...names)
        .send()
        .then(),
    ).rejects.toMatchObject(failure)
    await expect(manager.on('news.249').send().then()).rejects.toThrow(RangeError)
  })

  it('sends to the app that the connection names', async () => {
    const publish = vi.fn(() => new Map())
    const connections = { shop: { driver: 'reverb', app: 'shop-key' } }
    const { manager } = managerWith({ driver: 'shop', connections }, { server: serverWith(publish) })
    expect(await manager.broadcast(new OrderShipped(1))).toMatchObject({ driver: 'reverb' })
    expect(publish).toHaveBeenCalledWith(expect.objectContaining({ appKey: 'shop-key' }))
  })

  it('sends over HTTP where driver reverb has no server, and says where to', async () => {
    const remote = { publicHost: '127.0.0.1', publicPort: 1, publicPath: '/reverb' }
    const { manager, logger } = managerWith({ driver: 'reverb' }, { remote })
    await expect(manager.broadcast(new OrderShipped(1)).then()).rejects.toThrow(BroadcastError)
    expect(logger.info.mock.calls).toEqual([['Driver reverb sends over HTTP to http://127.0.0.1:1/reverb']])
  })

  it('refuses a REVERB_SERVER that is neither auto nor none', () => {
    expect(() => managerWith({}, { env: { REVERB_SERVER: 'maybe' } })).toThrow(ConfigurationError)
  })

  describe('#broadcast', () => {
    it('resolves to a receipt without channels when the event is not to be sent', async () => {
      class Silent extends OrderShipped {
        override broadcastWhen() {
          return false
        }
      }
      const { manager, logger } = managerWith()
      expect(await manager.broadcast(new Silent(1))).toEqual({ driver: 'log', event: 'Silent', channels: [] })
      expect(logger.info).not.toHaveBeenCalled()
      expect(manager.counters).toEqual({ sent: 0, failed: 0 })
    })

    it('sends to no channel when anything is wrong', async () => {
      class Dated extends OrderShipped {
        readonly at = new Date()
      }
      const { manager, logger } = managerWith()
      await expect(manager.broadcast(new Dated(1)).then()).rejects.toThrow(PayloadError)
      expect(logger.info).not.toHaveBeenCalled()
    })

    it('reports a failure that nobody awaits to the logger and the counter', async () => {
      const { manager, logger } = managerWith()
      manager.extend('broken', () => ({ broadcast: () => Promise.reject(new Error('no route to host')) }))
      manager.broadcast(new OrderShipped(1)).via('broken')
      await nextTurn()
      expect(logger.error).toHaveBeenCalledExactlyOnceWith(
        'Broadcasting OrderShipped failed, and nobody awaited it: no route to host',
      )
      expect(manager.counters).toEqual({ sent: 0, failed: 1 })
    })

    it('counts what was sent and what failed', async () => {
      const { manager } = managerWith()
      await manager.broadcast(new OrderShipped(1))
      await manager
        .broadcast(new OrderShipped(1))
        .via('nowhere')
        .catch(() => {})
      expect(manager.counters).toEqual({ sent: 1, failed: 1 })
    })

    it('warns once where toOthers() knows no socket', async () => {
      const { manager, logger } = managerWith()
      await manager.broadcast(new OrderShipped(1)).toOthers()
      await manager.broadcast(new OrderShipped(2)).toOthers()
      expect(logger.warn).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('X-Socket-ID'))
    })

    it('warns once of a class whose name looks minified, and of no other', async () => {
      class t extends OrderShipped {}
      class u extends OrderShipped {
        static override eventName = 'order.shipped'
      }
      const { manager, logger } = managerWith()
      for (const event of [new t(1), new t(2), new u(1), new OrderShipped(1)]) await manager.broadcast(event)
      expect(logger.warn).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('"t"'))
    })

    it('does not warn of it in production, where nobody would read it', async () => {
      class t extends OrderShipped {}
      const { manager, logger } = managerWith({ driver: 'log' }, { env: { NODE_ENV: 'production' } })
      await manager.broadcast(new t(1))
      expect(logger.warn).not.toHaveBeenCalled()
    })
  })

  describe('on an encrypted channel', () => {
    class Paid extends OrderShipped {
      override broadcastOn() {
        return [new EncryptedPrivateChannel('a'), 'news', new EncryptedPrivateChannel('b'), 'private-c']
      }
    }
    const paid = '{"order_id":1,"status":"shipped"}'

    it('C168 seals for each by itself, and asks the event once', async () => {
      const { manager } = managerWith({ driver: 'recorder', encryptionMasterKey: masterKey })
      const recorder = new Recorder()
      manager.extend('recorder', () => recorder)
      const event = new Paid(1)
      const payload = vi.spyOn(event, 'broadcastWith')
      const receipt = await manager.broadcast(event).toOthers('1.2')
      expect(payload).toHaveBeenCalledOnce()
      expect(recorder.sent).toEqual([
        { channels: ['news', 'private-c'], event: 'Paid', data: paid, socketId: '1.2' },
        { channels: ['private-encrypted-a'], event: 'Paid', data: expect.any(String), socketId: '1.2' },
        { channels: ['private-encrypted-b'], event: 'Paid', data: expect.any(String), socketId: '1.2' },
      ])
      const [, a, b] = recorder.sent
      expect(read('private-encrypted-a', a?.data)).toBe(paid)
      expect(read('private-encrypted-b', b?.data)).toBe(paid)
      expect(read('private-encrypted-b', a?.data)).toBeUndefined()
      expect(receipt.channels.map(({ name }) => name)).toEqual([
        'private-encrypted-a',
        'news',
        'private-encrypted-b',
        'private-c',
      ])
    })

    it('takes a nonce of its own for each broadcast', async () => {
      const { manager } = managerWith({ driver: 'recorder', encryptionMasterKey: masterKey })
      const recorder = new Recorder()
      manager.extend('recorder', () => recorder)
      for (let round = 0; round < 3; round++) await manager.on('private-encrypted-a').send()
      expect(new Set(recorder.sent.map(({ data }) => JSON.parse(data).nonce)).size).toBe(3)
    })

    it('shows the log nothing but the sealed data', async () => {
      const { manager, logger } = managerWith({}, { env: { REVERB_ENCRYPTION_MASTER_KEY: masterKey } })
      await manager.on('private-encrypted-a').as('Paid').with({ iban: 'DE02' }).send()
      const [line] = logger.info.mock.calls.flat()
      expect(line).toMatch(/^\[Broadcast\] channel=private-encrypted-a event=Paid data=\{"nonce":"/)
      expect(line).not.toContain('DE02')
      expect(read('private-encrypted-a', line.split('data=')[1])).toBe('{"iban":"DE02"}')
    })

    it.each(['log', 'null', 'reverb'])(
      'fails without a key, with driver %s too, and sends nothing',
      async (driver) => {
        const server = serverWith()
        const { manager, logger } = managerWith({ driver }, { server })
        const failure = await manager.broadcast(new Paid(1)).catch((error: unknown) => error)
        expect(failure).toBeInstanceOf(EncryptionKeyError)
        expect(String(failure)).toContain('"private-encrypted-a" is an encrypted channel')
        expect(String(failure)).toContain('npx reverb keys')
        expect(server.publish).not.toHaveBeenCalled()
        expect(logger.info).not.toHaveBeenCalledWith(expect.stringContaining('[Broadcast]'))
      },
    )

    it('seals with the key of the connection where it has one', async () => {
      const connections = { bank: { driver: 'recorder', app: 'bank-key', encryptionMasterKey: otherKey } }
      const { manager } = managerWith({ encryptionMasterKey: masterKey, connections })
      const recorder = new Recorder()
      manager.extend('recorder', () => recorder)
      await manager.on('private-encrypted-a').send().via('bank')
      expect(read('private-encrypted-a', recorder.sent[0]?.data, otherKey)).toBe('{}')
    })

    it('says which channels were reached when a later one fails', async () => {
      const { manager } = managerWith({ driver: 'flaky', encryptionMasterKey: masterKey })
      const cause = new Error('no route to host')
      const broadcast = vi.fn(({ channels }: OutgoingEvent) => {
        if (channels.includes('private-encrypted-b')) throw cause
        return new Map(channels.map((name) => [name, { recipients: 2 }]))
      })
      manager.extend('flaky', () => ({ broadcast }))
      const failure = await manager.broadcast(new Paid(1)).catch((error: unknown) => error)
      expect(failure).toBeInstanceOf(PartlySentError)
      expect(failure).toMatchObject({
        cause,
        message: 'Sent Paid to private-encrypted-a, news, private-c; then failed: no route to host',
        sent: [
          {
            driver: 'flaky',
            event: 'Paid',
            channels: ['private-encrypted-a', 'news', 'private-c'].map((name) => ({ name, recipients: 2 })),
          },
        ],
      })
      expect(manager.counters).toEqual({ sent: 0, failed: 1 })
    })

    it("passes on the driver's own error when nothing was sent", async () => {
      const { manager } = managerWith({ driver: 'broken', encryptionMasterKey: masterKey })
      const cause = new Error('no route to host')
      manager.extend('broken', () => ({ broadcast: () => Promise.reject(cause) }))
      expect(await manager.broadcast(new Paid(1)).catch((error: unknown) => error)).toBe(cause)
    })

    it.each([
      ['encryptionMasterKey', { encryptionMasterKey: 'c2hvcnQ=' }, {}],
      [
        'connections.bank.encryptionMasterKey',
        { connections: { bank: { driver: 'log', encryptionMasterKey: 'c2hvcnQ=' } } },
        {},
      ],
      ['REVERB_ENCRYPTION_MASTER_KEY', {}, { REVERB_ENCRYPTION_MASTER_KEY: 'c2hvcnQ=' }],
    ])('refuses at boot a key that is none, in %s, without showing it', (option, config, env) => {
      const make = () => managerWith(config, { env })
      expect(make).toThrow(ConfigurationError)
      expect(make).toThrow(
        `${option}: its value is not allowed; expected the Base64 of 32 bytes; \`npx reverb keys\` makes one`,
      )
    })
  })

  describe('#sharedSecret', () => {
    it('gives the key of a channel, of the app that is asked for', () => {
      const connections = { bank: { driver: 'reverb', app: 'bank-key', encryptionMasterKey: otherKey } }
      const { manager } = managerWith({ encryptionMasterKey: masterKey, connections })
      const vector = '1p2xOYUKMFi7esECwtVrgbYWw5p/Jyo0M/uighBM4/Y='
      expect(manager.sharedSecret('private-encrypted-orders.42')).toBe(vector)
      expect(manager.sharedSecret('private-encrypted-orders.42', 'shop-key')).toBe(vector)
      expect(manager.sharedSecret('private-encrypted-orders.42', 'bank-key')).toBe(
        Buffer.from(sharedSecret('private-encrypted-orders.42', Buffer.alloc(32, 7))).toString('base64'),
      )
    })

    it('says so where there is no master key', () => {
      expect(() => managerWith().manager.sharedSecret('private-encrypted-a')).toThrow(EncryptionKeyError)
    })
  })

  describe('#batch', () => {
    class Silent extends OrderShipped {
      override broadcastWhen() {
        return false
      }
    }

    it('gives a receipt for each event, in their order', async () => {
      const { manager } = managerWith()
      const recorder = new Recorder()
      manager.extend('recorder', () => recorder)
      const receipts = await manager
        .batch([new OrderShipped(1), new Silent(2), manager.on('a').as('Moved')])
        .via('recorder')
        .toOthers('1.2')
      expect(receipts).toEqual([
        {
          driver: 'recorder',
          event: 'OrderShipped',
          channels: [{ name: 'orders.1' }, { name: 'private-warehouse' }],
        },
        { driver: 'recorder', event: 'Silent', channels: [] },
        { driver: 'recorder', event: 'Moved', channels: [{ name: 'a' }] },
      ])
      expect(recorder.sent.map(({ event, socketId }) => [event, socketId])).toEqual([
        ['OrderShipped', '1.2'],
        ['Moved', '1.2'],
      ])
      expect(manager.counters).toEqual({ sent: 1, failed: 0 })
    })

    it('goes in one piece to a driver that has batches, encrypted channels by themselves', async () => {
      const { manager } = managerWith({ driver: 'batching', encryptionMasterKey: masterKey })
      const broadcast = vi.fn()
      const broadcastBatch = vi.fn((events: readonly OutgoingEvent[]) =>
        events.map(
          ({ channels }, index) => new Map(channels.map((name) => [name, { subscriptions: index }])),
        ),
      )
      manager.extend('batching', () => ({ broadcast, broadcastBatch }))
      const [one, two] = await manager.batch([
        manager.on('private-encrypted-a', 'b').as('One'),
        manager.on('c').as('Two'),
      ])
      expect(broadcast).not.toHaveBeenCalled()
      expect(broadcastBatch).toHaveBeenCalledOnce()
      expect(one?.channels).toEqual([
        { name: 'private-encrypted-a', subscriptions: 1 },
        { name: 'b', subscriptions: 0 },
      ])
      expect(two?.channels).toEqual([{ name: 'c', subscriptions: 2 }])
    })

    it('sends nothing when one of its events is wrong', async () => {
      const { manager, logger } = managerWith()
      const wrong = manager.on('a').with({ at: new Date() })
      await expect(manager.batch([new OrderShipped(1), wrong]).then()).rejects.toThrow(PayloadError)
      await expect(manager.batch([]).then()).resolves.toEqual([])
      expect(logger.info).not.toHaveBeenCalled()
      expect(manager.counters).toEqual({ sent: 0, failed: 1 })
    })

    it('says which events were sent when a later one fails', async () => {
      const { manager } = managerWith({ driver: 'flaky' })
      const broadcast = vi.fn().mockResolvedValueOnce(undefined).mockRejectedValueOnce(new Error('too big'))
      manager.extend('flaky', () => ({ broadcast }))
      const events = ['One', 'Two', 'Three'].map((name) => manager.on('a').as(name))
      const failure = await manager.batch(events).catch((error: unknown) => error)
      expect(failure).toMatchObject({
        code: 'ERR_BROADCAST_PARTLY_SENT',
        message: 'Sent One to a; then failed: too big',
        sent: [{ event: 'One', channels: [{ name: 'a' }] }],
      })
      expect(broadcast).toHaveBeenCalledTimes(2)
    })

    it('says so when it is given one event, and when nobody awaits its failure', async () => {
      const { manager, logger } = managerWith()
      const event = new OrderShipped(1) as unknown as readonly OrderShipped[]
      await expect(manager.batch(event).then()).rejects.toThrow(EventError)
      manager.batch(event)
      await nextTurn()
      expect(logger.error).toHaveBeenCalledExactlyOnceWith(
        'Broadcasting a batch failed, and nobody awaited it: batch(): takes an array of events',
      )
    })
  })

  describe('#user', () => {
    it.each([7, '7', 'a@b.c', 'u 1', 'x'.repeat(128)])('sends to the channel of the user %j', async (id) => {
      const { manager } = managerWith()
      const receipt = await manager.user(id).as('Paid').with({}).send()
      expect(receipt.channels).toEqual([{ name: `#server-to-user-${id}` }])
    })

    it.each(['', 'x'.repeat(129), Number.NaN, null, undefined, {}])('refuses the id %j', async (id) => {
      const { manager } = managerWith()
      const wrong = id as string
      expect(() => manager.user(wrong)).toThrow(UserIdError)
      await expect(manager.disconnectUser(wrong)).rejects.toThrow(UserIdError)
      await expect(manager.unsubscribeUser(wrong, 'a')).rejects.toThrow(UserIdError)
    })
  })

  describe('#disconnectUser and #unsubscribeUser', () => {
    const channel = new PrivateChannel('orders.1')

    it('ask the server of this process, for the app of the connection', async () => {
      const server = serverWith()
      const connections = { shop: { driver: 'reverb', app: 'shop-key' } }
      const { manager } = managerWith({ driver: 'reverb', connections }, { server })
      await manager.disconnectUser(7)
      await manager.disconnectUser('8', { via: 'shop' })
      expect(server.disconnectUser.mock.calls).toEqual([
        ['7', undefined],
        ['8', 'shop-key'],
      ])
      await manager.unsubscribeUser(7, channel)
      await manager.unsubscribeUser(7, 'presence-room', { via: 'shop' })
      expect(server.unsubscribeUser.mock.calls).toEqual([
        ['7', 'private-orders.1', undefined],
        ['7', 'presence-room', 'shop-key'],
      ])
    })

    it('write a line with driver log, and do nothing with driver null', async () => {
      const { manager, logger } = managerWith()
      await manager.disconnectUser(7)
      await manager.unsubscribeUser(7, channel)
      await manager.disconnectUser(7, { via: 'null' })
      await manager.unsubscribeUser(7, channel, { via: 'null' })
      expect(logger.info.mock.calls).toEqual([
        ['[Broadcast] disconnect user=7'],
        ['[Broadcast] unsubscribe user=7 channel=private-orders.1'],
      ])
    })

    it('say which driver cannot do it', async () => {
      const { manager } = managerWith({ driver: 'recorder' })
      manager.extend('recorder', () => new Recorder())
      await expect(manager.disconnectUser(7)).rejects.toThrow(
        'The driver "recorder" cannot disconnect a user',
      )
      const refused = manager.unsubscribeUser(7, channel)
      await expect(refused).rejects.toThrow(UnsupportedError)
      await expect(refused).rejects.toThrow('cannot unsubscribe a user; the driver "reverb" can')
    })

    it('tell the logger of a failure that nobody awaits', async () => {
      const { manager, logger } = managerWith({ driver: 'recorder' })
      manager.extend('recorder', () => new Recorder())
      manager.disconnectUser(7)
      await new Promise((resolve) => setImmediate(resolve))
      expect(logger.error.mock.calls).toEqual([
        [
          expect.stringMatching(
            /^Disconnecting a user failed, and nobody awaited it: The driver "recorder" cannot/,
          ),
        ],
      ])
    })

    it('fail for a name that is none, and once the manager is closed', async () => {
      const { manager } = managerWith()
      await expect(manager.unsubscribeUser(7, 'a b')).rejects.toThrow('"a b" is not a channel name')
      await manager.close()
      await expect(manager.disconnectUser(7)).rejects.toThrow(ShutDownError)
      await expect(manager.unsubscribeUser(7, channel)).rejects.toThrow(ShutDownError)
    })
  })

  it('#open makes the driver that broadcasts, and no other', () => {
    const { manager } = managerWith({ driver: 'recorder' })
    const factory = vi.fn(() => new Recorder())
    manager.extend('recorder', factory)
    manager.extend('unused', () => {
      throw new Error('unused')
    })
    manager.open()
    manager.open()
    expect(factory).toHaveBeenCalledOnce()
  })

  describe('#on', () => {
    it('sends an event without a class', async () => {
      const { manager } = managerWith()
      const recorder = new Recorder()
      manager.extend('recorder', () => recorder)
      await manager
        .on('a', new PrivateChannel('b'))
        .as('Moved')
        .with({ x: 1 })
        .send()
        .toOthers('1.2')
        .via('recorder')
      await manager.on('a').send().via('recorder')
      expect(recorder.sent).toEqual([
        { channels: ['a', 'private-b'], event: 'Moved', data: '{"x":1}', socketId: '1.2' },
        { channels: ['a'], event: 'AnonymousEvent', data: '{}', socketId: undefined },
      ])
    })
  })

  describe('#extend', () => {
    it('makes a driver known, which is made when first used and kept', async () => {
      const { manager, logger } = managerWith({
        driver: 'mine',
        connections: { mine: { driver: 'recorder', prefix: 'x' } },
      })
      const recorder = new Recorder()
      const factory = vi.fn(() => recorder)
      manager.extend('recorder', factory)
      manager.verify()
      expect(factory).not.toHaveBeenCalled()
      await manager.broadcast(new OrderShipped(1))
      await manager.broadcast(new OrderShipped(2))
      expect(factory).toHaveBeenCalledExactlyOnceWith({ driver: 'recorder', prefix: 'x' }, { logger })
      expect(recorder.sent).toHaveLength(2)
    })
  })

  it('names the driver whose factory makes something that cannot broadcast', async () => {
    const { manager } = managerWith({ driver: 'broken' })
    manager.extend('broken', () => ({}) as Broadcaster)
    await expect(manager.broadcast(new OrderShipped(1))).rejects.toThrow(
      'The factory of the driver "broken" returned something without a method broadcast(event)',
    )
  })

  it('says which socket id is none, and sends to everybody', async () => {
    const { manager, logger } = managerWith()
    await manager.broadcast(new OrderShipped(1)).toOthers('nonsense')
    expect(logger.warn).toHaveBeenCalledWith(
      expect.stringContaining('toOthers(): "nonsense" is not a socket id (digits, a dot, digits)'),
    )
  })

  describe('#verify', () => {
    it('names an unknown driver and lists the known ones, those of the app too', () => {
      const { manager } = managerWith({ driver: 'revreb' })
      manager.extend('carrier-pigeon', () => new Recorder())
      expect(() => manager.verify()).toThrow(UnknownDriverError)
      expect(() => manager.verify()).toThrow(
        /^Unknown broadcast driver "revreb"\. Known: carrier-pigeon, log, null, pusher, reverb\./,
      )
    })

    it('names the connection whose driver is unknown, though it may never be used', () => {
      const { manager } = managerWith({ connections: { shop: { driver: 'pigeon' } } })
      expect(() => manager.verify()).toThrow('Unknown broadcast driver "pigeon" of the connection "shop"')
    })

    it('says that a connection has no driver', () => {
      // What JavaScript, or a file that is read at run time, may hold.
      const connections = { shop: { app: 'shop' } } as unknown as Record<string, ConnectionConfig>
      expect(() => managerWith({ connections }).manager.verify()).toThrow(
        'The connection "shop" has no driver. Known: log, null, pusher, reverb.',
      )
    })

    it.each(['constructor', '__proto__', 'toString'])('does not take %s for a driver', (driver) => {
      expect(() => managerWith({ driver }).manager.verify()).toThrow(`Unknown broadcast driver "${driver}"`)
    })

    it('accepts what needs no configuration', () => {
      for (const driver of ['log', 'null', 'reverb']) managerWith({ driver }).manager.verify()
    })
  })

  it('rejects a broadcast via a connection that does not exist', async () => {
    const { manager } = managerWith()
    await expect(manager.broadcast(new OrderShipped(1)).via('nowhere').then()).rejects.toThrow(
      UnknownDriverError,
    )
  })

  it('sends nothing any more once it is closed', async () => {
    const { manager, logger } = managerWith()
    await manager.close()
    await expect(manager.broadcast(new OrderShipped(1)).then()).rejects.toThrow(ShutDownError)
    expect(logger.info).not.toHaveBeenCalled()
  })

  it('closes the connections that were used', async () => {
    const { manager } = managerWith()
    const used = new Recorder()
    const unused = new Recorder()
    manager.extend('used', () => used)
    manager.extend('unused', () => unused)
    await manager.broadcast(new OrderShipped(1)).via('used')
    await manager.close()
    await manager.close()
    expect(used.close).toHaveBeenCalledOnce()
    expect(unused.close).not.toHaveBeenCalled()
  })

  it('closes every one, whatever becomes of the others', async () => {
    const { manager } = managerWith()
    const used = new Recorder()
    const close = () => {
      throw new Error('cannot close')
    }
    manager.extend('broken', () => ({ broadcast: () => {}, close }))
    manager.extend('used', () => used)
    for (const driver of ['broken', 'used']) await manager.broadcast(new OrderShipped(1)).via(driver)
    await expect(manager.close()).rejects.toThrow('cannot close')
    expect(used.close).toHaveBeenCalledOnce()
  })

  it('prints and turns into JSON without a secret, and gives each driver what it was told', () => {
    const connections = {
      pusher: { driver: 'pusher', appId: '7', secret: 'sesame', host: 'ws.example', timeout: 3 },
      bank: { driver: 'recorder', encryptionMasterKey: masterKey, token: 'sesame' },
    }
    const { manager } = managerWith({ driver: 'bank', encryptionMasterKey: masterKey, connections })
    const recorder = vi.fn(() => new Recorder())
    manager.extend('recorder', recorder)
    manager.open()
    for (const printed of [inspect(manager, { depth: null }), JSON.stringify(manager)]) {
      expect(printed).toContain('ws.example')
      expect(printed).not.toMatch(/sesame|AAECAw/)
    }
    expect(JSON.parse(JSON.stringify(manager.configOf()))).toEqual({
      driver: 'recorder',
      encryptionMasterKey: '***',
      token: '***',
    })
    expect(manager.connections).toMatchObject(connections)
    expect(recorder).toHaveBeenCalledExactlyOnceWith(connections.bank, expect.anything())
  })

  it('makes a warning of what the logger throws on a failure that nobody awaits, and on toOthers()', async () => {
    const warning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    onTestFinished(() => warning.mockRestore())
    const fail = () => {
      throw new Error('disk full')
    }
    const logger = { debug: fail, info: fail, warn: fail, error: fail }
    const { manager } = managerWith({ driver: 'null', logger })
    await manager.broadcast(new OrderShipped(1)).toOthers()
    manager.broadcast(new OrderShipped(1)).via('nowhere')
    await eventually(() => warning).toHaveBeenCalledTimes(2)
    for (const [text] of warning.mock.calls) expect(text).toMatch(/^The logger failed on ".*": disk full$/)
  })
})

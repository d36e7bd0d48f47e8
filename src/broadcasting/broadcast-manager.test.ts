import { describe, expect, it, vi } from 'vitest'
import { ConfigurationError } from '../support/errors.ts'
import { BroadcastEvent } from './broadcast-event.ts'
import { BroadcastManager, type BroadcastManagerParts } from './broadcast-manager.ts'
import type { Broadcaster, OutgoingEvent } from './broadcaster.ts'
import { PrivateChannel } from './channel.ts'
import type { BroadcastManagerConfig, ConnectionConfig } from './config.ts'
import { NoServerError, PayloadError, ShutDownError, UnknownDriverError } from './errors.ts'

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
    const { manager } = managerWith({ driver: 'reverb' }, { server: { publish } })
    const receipt = await manager.broadcast(new OrderShipped(1)).toOthers('1.2')
    expect(publish).toHaveBeenCalledExactlyOnceWith({
      channels: ['orders.1', 'private-warehouse'],
      event: 'OrderShipped',
      data: '{"order_id":1,"status":"shipped"}',
      socketId: '1.2',
    })
    expect(receipt.channels).toEqual([{ name: 'orders.1', recipients: 3 }, { name: 'private-warehouse' }])
  })

  it('sends to the app that the connection names', async () => {
    const publish = vi.fn(() => new Map())
    const connections = { shop: { driver: 'reverb', app: 'shop-key' } }
    const { manager } = managerWith({ driver: 'shop', connections }, { server: { publish } })
    expect(await manager.broadcast(new OrderShipped(1))).toMatchObject({ driver: 'reverb' })
    expect(publish).toHaveBeenCalledWith(expect.objectContaining({ appKey: 'shop-key' }))
  })

  it.each([
    [{}, 'Boot an Application with ReverbProvider'],
    [{ REVERB_SERVER: 'none' }, 'REVERB_SERVER=none'],
  ])('says what to do where driver reverb has no server, with %j', async (env, advice) => {
    const { manager } = managerWith({ driver: 'reverb' }, { env })
    const failure = await manager.broadcast(new OrderShipped(1)).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(NoServerError)
    expect(String(failure)).toContain(advice)
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
      const { manager, logger } = managerWith({}, { env: { NODE_ENV: 'production' } })
      await manager.broadcast(new t(1))
      expect(logger.warn).not.toHaveBeenCalled()
    })
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
        /^Unknown broadcast driver "revreb"\. Known: carrier-pigeon, log, null, reverb\./,
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
        'The connection "shop" has no driver. Known: log, null, reverb.',
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
})

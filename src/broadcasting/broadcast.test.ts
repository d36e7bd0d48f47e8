import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

/** The door as a fresh process has it: no application, no manager. */
async function load(env: Record<string, string> = {}) {
  vi.resetModules()
  for (const [variable, value] of Object.entries(env)) vi.stubEnv(variable, value)
  const { Broadcast, broadcast } = await import('./broadcast.ts')
  const { currentManager, adoptEarlier } = await import('./current-manager.ts')
  const { BroadcastManager } = await import('./broadcast-manager.ts')
  const { BroadcastEvent } = await import('./broadcast-event.ts')
  const { Application } = await import('../foundation/application.ts')
  const { Provider } = await import('../foundation/provider.ts')
  class OrderShipped extends BroadcastEvent {
    readonly order_id = 1
    broadcastOn() {
      return 'orders.1'
    }
  }
  const logger = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() }
  /** An application with a manager of its own, as ReverbProvider makes it. */
  function applicationWith(onBoot: () => unknown = () => {}, manages = true) {
    class Broadcasting extends Provider {
      readonly #manager = new BroadcastManager({ logger }, { env: {} })
      override register() {
        if (!manages) return
        adoptEarlier(this.#manager)
        this.app.bind('broadcasting', this.#manager)
      }
      override async boot() {
        await onBoot()
      }
      override shutdown() {
        return this.#manager.close()
      }
    }
    return new Application({ providers: [Broadcasting], env: {} })
  }
  return { Broadcast, broadcast, currentManager, OrderShipped, applicationWith, logger }
}

const ask = (channel: string) => ({ channel, socketId: '1.2', user: { id: 7 }, request: undefined as never })

beforeEach(() => {
  vi.stubEnv('BROADCAST_DRIVER', '')
  vi.stubEnv('BROADCAST_CONNECTION', '')
})

afterEach(() => {
  vi.unstubAllEnvs()
})

describe('broadcast', () => {
  it('logs with nothing configured and no application', async () => {
    const { broadcast, OrderShipped, currentManager } = await load()
    const info = vi.spyOn(currentManager().logger, 'info').mockImplementation(() => {})
    expect(await broadcast(new OrderShipped())).toMatchObject({ driver: 'log' })
    expect(info).toHaveBeenCalledExactlyOnceWith(
      '[Broadcast] channel=orders.1 event=OrderShipped data={"order_id":1}',
    )
  })

  it('sends over HTTP where the driver is reverb and there is no application', async () => {
    const env = { BROADCAST_DRIVER: 'reverb', REVERB_PUBLIC_PORT: '1', REVERB_LOG_LEVEL: 'warn' }
    const { broadcast, OrderShipped } = await load(env)
    await expect(broadcast(new OrderShipped()).then()).rejects.toThrow(
      'http://127.0.0.1:1 refuses connections',
    )
  })

  it('rejects with the error that lists the drivers where the driver is unknown', async () => {
    const { broadcast, OrderShipped } = await load({ BROADCAST_DRIVER: 'pigeon' })
    await expect(broadcast(new OrderShipped()).then()).rejects.toThrow(/^Unknown broadcast driver "pigeon"/)
  })

  it('goes through the current application', async () => {
    const { broadcast, OrderShipped, applicationWith, logger } = await load({ BROADCAST_DRIVER: 'pigeon' })
    const app = applicationWith()
    await app.boot()
    expect(await broadcast(new OrderShipped())).toMatchObject({ driver: 'log' })
    expect(logger.info).toHaveBeenCalledOnce()
    await app.shutdown()
  })

  it('goes through the application that is still running when others failed or have ended', async () => {
    const { broadcast, OrderShipped, applicationWith } = await load({ BROADCAST_DRIVER: 'pigeon' })
    const app = applicationWith()
    await app.boot()
    const failing = applicationWith(() => {
      throw new Error('no database')
    })
    await failing.boot().catch(() => {})
    expect(await broadcast(new OrderShipped())).toMatchObject({ driver: 'log' })
    const other = applicationWith()
    await other.boot()
    await other.shutdown()
    expect(await broadcast(new OrderShipped())).toMatchObject({ driver: 'log' })
    await app.shutdown()
  })

  it('goes past an application that broadcasts nothing', async () => {
    const { broadcast, OrderShipped, applicationWith, logger } = await load()
    const [app, other] = [applicationWith(), applicationWith(() => {}, false)]
    await app.boot()
    await other.boot()
    await broadcast(new OrderShipped())
    expect(logger.info).toHaveBeenCalledOnce()
    await other.shutdown()
    await app.shutdown()
  })

  it('rejects after the application has been shut down, and never goes to the log in its place', async () => {
    const { broadcast, OrderShipped, applicationWith, logger } = await load()
    const app = applicationWith()
    await app.boot()
    await app.shutdown()
    await expect(broadcast(new OrderShipped()).then()).rejects.toMatchObject({
      name: 'ShutDownError',
      code: 'ERR_BROADCAST_SHUT_DOWN',
      message: expect.stringContaining('has been shut down'),
    })
    broadcast(new OrderShipped())
    await new Promise((resolve) => setImmediate(resolve))
    expect(logger.error).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('has been shut down'))
    expect(logger.info).not.toHaveBeenCalled()
  })
})

describe('Broadcast', () => {
  it('sends events with and without a class', async () => {
    const { Broadcast, OrderShipped, applicationWith, logger } = await load()
    const app = applicationWith()
    await app.boot()
    await Broadcast.event(new OrderShipped())
    await Broadcast.on('a').as('b').with({ c: 1 }).send()
    expect(logger.info.mock.calls.flat()).toEqual([
      '[Broadcast] channel=orders.1 event=OrderShipped data={"order_id":1}',
      '[Broadcast] channel=a event=b data={"c":1}',
    ])
    await app.shutdown()
  })

  it('registers rules and drivers with the application that boots', async () => {
    const { Broadcast, OrderShipped, applicationWith } = await load()
    const app = applicationWith(() => {
      Broadcast.channel('orders.{id}', () => true)
      Broadcast.extend('pigeon', () => ({ broadcast: () => new Map([['orders.1', { recipients: 1 }]]) }))
    })
    await app.boot()
    const manager = app.make('broadcasting')
    expect(await manager.authorizer.decide(ask('private-orders.1'))).toMatchObject({ granted: true })
    expect(await manager.broadcast(new OrderShipped()).via('pigeon')).toEqual({
      driver: 'pigeon',
      event: 'OrderShipped',
      channels: [{ name: 'orders.1', recipients: 1 }],
    })
    await app.shutdown()
  })

  it('registers with the application that boots, also while another one does', async () => {
    const { Broadcast, applicationWith } = await load()
    const apps = ['a', 'b'].map((name) =>
      applicationWith(async () => {
        await Promise.resolve()
        Broadcast.channel(`${name}.{id}`, () => true)
      }),
    )
    await Promise.all(apps.map((app) => app.boot()))
    const patterns = apps.map((app) => app.make('broadcasting').authorizer.patterns)
    expect(patterns).toEqual([['a.{id}'], ['b.{id}']])
    for (const app of apps) await app.shutdown()
  })

  it('registers before any settings are read, so that a typo in one stops nothing at import', async () => {
    const { Broadcast, applicationWith } = await load({ REVERB_SERVER: 'maybe' })
    Broadcast.channel('orders.{id}', () => true)
    Broadcast.extend('pigeon', () => ({ broadcast: () => {} }))
    expect(() => Broadcast.channel('orders.{id', () => true)).toThrow('orders.{id')
    const app = applicationWith()
    await app.boot()
    expect(app.make('broadcasting').authorizer.patterns).toEqual(['orders.{id}'])
    await app.shutdown()
  })

  it('registers without an application, before and after the first broadcast', async () => {
    const { Broadcast, currentManager } = await load()
    const sent = vi.fn()
    Broadcast.extend('early', () => ({ broadcast: sent }))
    await Broadcast.on('a').send().via('early')
    Broadcast.extend('late', () => ({ broadcast: sent }))
    await Broadcast.on('a').send().via('late')
    Broadcast.channel('orders.{id}', () => true)
    expect(sent).toHaveBeenCalledTimes(2)
    expect(currentManager().authorizer.patterns).toEqual(['orders.{id}'])
  })

  it('gives every later application what was registered before any booted', async () => {
    const { Broadcast, applicationWith } = await load()
    Broadcast.channel('orders.{id}', () => true)
    Broadcast.extend('pigeon', () => ({ broadcast: () => {} }))
    Broadcast.extend('log', () => ({ broadcast: () => new Map([['a', { recipients: 5 }]]) }))
    for (const app of [applicationWith(), applicationWith()]) {
      await app.boot()
      const manager = app.make('broadcasting')
      expect(await manager.authorizer.decide(ask('private-orders.1'))).toMatchObject({ granted: true })
      expect(await manager.on('a').send().via('pigeon')).toMatchObject({ driver: 'pigeon' })
      expect(await manager.on('a').send()).toMatchObject({ channels: [{ name: 'a', recipients: 5 }] })
      await app.shutdown()
    }
  })
})

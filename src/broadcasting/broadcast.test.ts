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
  function applicationWith(onBoot = () => {}) {
    class Broadcasting extends Provider {
      override register() {
        const manager = new BroadcastManager({ logger }, { env: {} })
        adoptEarlier(manager)
        this.app.bind('broadcasting', manager)
      }
      override boot() {
        onBoot()
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

  it('says what to do where the driver is reverb and there is no application', async () => {
    const { broadcast, OrderShipped } = await load({ BROADCAST_DRIVER: 'reverb' })
    await expect(broadcast(new OrderShipped()).then()).rejects.toThrow(
      'Boot an Application with ReverbProvider',
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
      Broadcast.extend('pigeon', () => ({ broadcast: () => new Map([['orders.1', 1]]) }))
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

  it('gives every later application what was registered before any booted', async () => {
    const { Broadcast, applicationWith } = await load()
    Broadcast.channel('orders.{id}', () => true)
    Broadcast.extend('pigeon', () => ({ broadcast: () => {} }))
    Broadcast.extend('log', () => ({ broadcast: () => new Map([['a', 5]]) }))
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

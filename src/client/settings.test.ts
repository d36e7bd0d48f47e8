import { describe, expect, expectTypeOf, it, vi } from 'vitest'
import type { ClientOptions } from '../server/client-options.ts'
import { ConfigurationError } from '../support/errors.ts'
import { type BroadcastingSettings, pusherOptions, resolveBroadcastingSettings } from './settings.ts'

const plain = { protocol: 'http:', hostname: 'shop.test', port: '4545' }
const secure = { protocol: 'https:', hostname: 'shop.test', port: '' }

function optionsOf(settings: BroadcastingSettings, page = plain) {
  return pusherOptions(resolveBroadcastingSettings(settings), page)
}

describe('resolveBroadcastingSettings', () => {
  it('has a default for everything, also in place of what is undefined', () => {
    const settings = resolveBroadcastingSettings({})
    expect(settings).toMatchObject({ key: 'local', path: '/reverb', options: {}, linger: 1000 })
    // As from a variable that the build does not know.
    const unset = { key: undefined, path: undefined } as unknown as BroadcastingSettings
    expect(resolveBroadcastingSettings(unset)).toMatchObject({ key: 'local', path: '/reverb' })
  })

  it('prints errors unless somebody else wants them', () => {
    const print = vi.spyOn(console, 'error').mockImplementation(() => {})
    const error = new Error('refused')
    resolveBroadcastingSettings({}).onError(error)
    expect(print).toHaveBeenCalledWith(error)
    print.mockRestore()
  })

  it('takes what clientOptions() of the server returns', () => {
    expectTypeOf<ClientOptions>().toExtend<BroadcastingSettings>()
  })
})

describe('pusherOptions', () => {
  it('is the origin of the page with the mount path by default', () => {
    expect(optionsOf({})).toEqual({
      cluster: '',
      wsHost: 'shop.test',
      wsPort: 4545,
      wssPort: 4545,
      wsPath: '/reverb',
      forceTLS: false,
      enabledTransports: ['ws', 'wss'],
      channelAuthorization: { endpoint: '/broadcasting/auth', transport: 'ajax' },
      userAuthentication: { endpoint: '/broadcasting/user-auth', transport: 'ajax' },
    })
  })

  it('is secure on a secure page, with the usual port where the address shows none', () => {
    expect(optionsOf({}, secure)).toMatchObject({ forceTLS: true, wssPort: 443 })
    expect(optionsOf({}, { ...secure, port: '8443' })).toMatchObject({ forceTLS: true, wssPort: 8443 })
    expect(optionsOf({}, { ...plain, port: '' })).toMatchObject({ forceTLS: false, wsPort: 80 })
  })

  it.each([
    ['/live', '/live'],
    ['/live/', '/live'],
    ['/', ''],
    ['', ''],
  ])('makes of the path %j the prefix %j', (path, wsPath) => {
    expect(optionsOf({ path })).toMatchObject({ wsPath })
  })

  it('lets given options win one by one', () => {
    const headers = { Authorization: 'Bearer token' }
    const options = optionsOf({ options: { wsPort: 8080, wsPath: '', channelAuthorization: { headers } } })
    expect(options).toMatchObject({ wsHost: 'shop.test', wsPort: 8080, wsPath: '' })
    expect(options.channelAuthorization).toEqual({
      endpoint: '/broadcasting/auth',
      transport: 'ajax',
      headers,
    })
  })

  it('never falls back to a host of Pusher where there is no page', () => {
    expect(() => optionsOf({}, { protocol: 'file:', hostname: '', port: '' })).toThrow(ConfigurationError)
    expect(() => pusherOptions({ path: '/reverb', options: {} }, undefined)).toThrow(/give options\.wsHost/)
    const options = { wsHost: '127.0.0.1', wsPort: 8080, forceTLS: false }
    expect(optionsOf({ options }, { protocol: 'file:', hostname: '', port: '' })).toMatchObject(options)
  })
})

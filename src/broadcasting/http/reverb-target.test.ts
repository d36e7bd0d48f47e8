import { describe, expect, it } from 'vitest'
import { resolveServerConfig } from '../../server/config.ts'
import { reverbTarget } from './reverb-target.ts'

const connection = { driver: 'reverb' }

describe('reverbTarget', () => {
  it('is the default app on this machine without any settings', () => {
    expect(reverbTarget(connection, {})).toMatchObject({
      scheme: 'http',
      host: '127.0.0.1',
      port: 8080,
      path: '',
      appId: '1',
      key: 'local',
      secret: 'secret',
      connectTimeout: 2,
      timeout: 10,
    })
  })

  it('takes the environment, over which code wins', () => {
    const env = {
      REVERB_APP_ID: '7',
      REVERB_PUBLIC_HOST: 'ws.example',
      REVERB_PUBLIC_SCHEME: 'https',
      REVERB_HTTP_TIMEOUT: '3',
      REVERB_HTTP_CONNECT_TIMEOUT: '0.5',
    }
    expect(reverbTarget(connection, env)).toMatchObject({
      appId: '7',
      host: 'ws.example',
      port: 443,
      timeout: 3,
      connectTimeout: 0.5,
    })
    const inCode = reverbTarget({ ...connection, timeout: 4 }, env, { publicHost: 'other.example' })
    expect(inCode).toMatchObject({ host: 'other.example', timeout: 4 })
  })

  const apps = [
    { id: '1', key: 'one', secret: 'first' },
    { id: '2', key: 'two', secret: 'second', maxConnections: 5 },
  ]

  it('takes the first of several apps, or the one that the connection names', () => {
    const env = { REVERB_APPS: JSON.stringify(apps) }
    expect(reverbTarget(connection, env)).toMatchObject({ appId: '1', key: 'one', secret: 'first' })
    const named = { ...connection, app: 'two' }
    expect(reverbTarget(named, env)).toMatchObject({ appId: '2', key: 'two', secret: 'second' })
    expect(reverbTarget(named, {}, { apps })).toMatchObject({ appId: '2' })
    // As the server does it: an app in code stands in the place of a list in the environment.
    expect(reverbTarget(connection, env, { appId: '9' })).toMatchObject({ appId: '9', key: 'local' })
  })

  it('takes what a server has resolved', () => {
    const config = resolveServerConfig({ apps, port: 9000, path: '/ws', serve: false }, {})
    expect(reverbTarget(connection, {}, config)).toMatchObject({ key: 'one', port: 9000, path: '/ws' })
  })

  it.each([
    [
      'an app that is not known',
      { ...connection, app: 'three' },
      {},
      /No app has the key "three"; known keys: local/,
    ],
    ['any free port', connection, { REVERB_PORT: '0' }, /REVERB_PORT is 0.*set REVERB_PUBLIC_PORT/],
    ['a time-out of 0', connection, { REVERB_HTTP_TIMEOUT: '0' }, /REVERB_HTTP_TIMEOUT: "0" is not allowed/],
    ['a time-out in code that is none', { ...connection, timeout: '4' }, {}, /timeout: "4" is not allowed/],
    ['apps that are no JSON', connection, { REVERB_APPS: '[{' }, /REVERB_APPS: .*expected an array of apps/],
    ['apps without a secret', connection, { REVERB_APPS: '[{"id":"1","key":"x"}]' }, /REVERB_APPS/],
    ['no apps', connection, { REVERB_APPS: '[]' }, /REVERB_APPS/],
  ])('refuses %s', (_, given, env, message) => {
    expect(() => reverbTarget(given, env)).toThrow(message)
  })

  it('repeats no secret in an error', () => {
    const env = { REVERB_APPS: '[{"id":1,"key":"k","secret":"s3cret"}]' }
    expect(() => reverbTarget(connection, env)).toThrow('REVERB_APPS')
    expect(() => reverbTarget(connection, env)).not.toThrow('s3cret')
  })
})

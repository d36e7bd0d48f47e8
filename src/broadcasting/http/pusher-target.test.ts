import { describe, expect, it } from 'vitest'
import { pusherTarget } from './pusher-target.ts'

const connection = { driver: 'pusher' }
const credentials = { PUSHER_APP_ID: '17', PUSHER_APP_KEY: 'key', PUSHER_APP_SECRET: 's3cret' }

describe('pusherTarget', () => {
  it('is pusher.com by the name of a cluster, whose limit of an event is known', () => {
    expect(pusherTarget(connection, { ...credentials, PUSHER_APP_CLUSTER: 'eu' })).toMatchObject({
      driver: 'pusher',
      scheme: 'https',
      host: 'api-eu.pusher.com',
      port: 443,
      path: '',
      appId: '17',
      key: 'key',
      secret: 's3cret',
      info: undefined,
      maxEventSize: 10_240,
    })
  })

  it('is any host, by https on its usual port unless told otherwise', () => {
    const env = { ...credentials, PUSHER_APP_CLUSTER: 'eu', PUSHER_HOST: 'soketi.example' }
    expect(pusherTarget(connection, env)).toMatchObject({
      scheme: 'https',
      host: 'soketi.example',
      port: 443,
      maxEventSize: undefined,
    })
    const elsewhere = { PUSHER_SCHEME: 'http', PUSHER_PORT: '6001', PUSHER_PATH: '/soketi' }
    expect(pusherTarget(connection, { ...env, ...elsewhere })).toMatchObject({
      scheme: 'http',
      port: 6001,
      path: '/soketi',
    })
    expect(pusherTarget(connection, { ...env, PUSHER_SCHEME: 'http' })).toMatchObject({ port: 80 })
  })

  it('takes options of the connection over the environment', () => {
    const env = { ...credentials, PUSHER_HOST: 'soketi.example', PUSHER_PORT: '6001' }
    const inCode = { ...connection, key: 'other', cluster: 'us2', info: 'user_count', timeout: 3 }
    expect(pusherTarget(inCode, env)).toMatchObject({
      key: 'other',
      host: 'api-us2.pusher.com',
      port: 443,
      info: 'user_count',
      timeout: 3,
    })
    const host = { ...connection, host: '::1', port: 8080, scheme: 'http', path: '/x' }
    expect(pusherTarget(host, { ...credentials, PUSHER_APP_CLUSTER: 'eu' })).toMatchObject({
      host: '::1',
      port: 8080,
      path: '/x',
    })
  })

  it.each([
    ['subscription_count,user_count', 'subscription_count,user_count'],
    [['subscription_count'], 'subscription_count'],
    [['subscription_count', 'user_count'], 'subscription_count,user_count'],
  ])('asks for the counts %j, be they a list or its text', (info, asked) => {
    const env = { ...credentials, PUSHER_APP_CLUSTER: 'eu' }
    expect(pusherTarget({ ...connection, info }, env).info).toBe(asked)
  })

  it('treats variables that are empty as not there', () => {
    const env = { ...credentials, PUSHER_APP_CLUSTER: 'mt1', PUSHER_HOST: '', PUSHER_PORT: '' }
    expect(pusherTarget(connection, env)).toMatchObject({ host: 'api-mt1.pusher.com' })
  })

  it.each([
    [{ PUSHER_APP_ID: '' }, {}, /PUSHER_APP_ID is missing.*"appId"/],
    [{ PUSHER_APP_KEY: '' }, {}, /PUSHER_APP_KEY is missing/],
    [{ PUSHER_APP_SECRET: '' }, {}, /PUSHER_APP_SECRET is missing/],
    [{ PUSHER_APP_CLUSTER: '' }, {}, /set PUSHER_APP_CLUSTER or PUSHER_HOST/],
    [{ PUSHER_HOST: 'https://soketi.example' }, {}, /PUSHER_HOST: .*without scheme, port and path/],
    [{ PUSHER_HOST: 'soketi.example:6001' }, {}, /PUSHER_HOST/],
    [{ PUSHER_APP_CLUSTER: 'eu.example' }, {}, /PUSHER_APP_CLUSTER/],
    [{ PUSHER_SCHEME: 'tcp' }, {}, /PUSHER_SCHEME/],
    [{ PUSHER_PATH: 'x/' }, {}, /PUSHER_PATH/],
    [{}, { custer: 'eu' }, /"custer" is not an option; did you mean "cluster"/],
    [{}, { info: [7] }, /info: \[7\] is not allowed; expected a list of subscription_count/],
    [{}, { info: true }, /info: true is not allowed/],
  ])('refuses %j with %j and says why', (env, options, message) => {
    const given = { ...connection, ...options }
    const all = { ...credentials, PUSHER_APP_CLUSTER: 'eu', ...env }
    expect(() => pusherTarget(given, all)).toThrow(message)
    expect(() => pusherTarget(given, all)).not.toThrow('s3cret')
  })
})

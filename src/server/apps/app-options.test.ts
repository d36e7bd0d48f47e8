import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../support/errors.ts'
import { appDefaults, resolveServerConfig } from '../config.ts'
import { completeApp, completeApps } from './app-options.ts'

const app = { id: '1', key: 'key-1', secret: 'sesame' }
const defaults = appDefaults(
  resolveServerConfig({ maxBatch: 3, webhookUrl: ['https://example.com/hook'], appSecret: 'x' }, {}),
)

/** What whoever wrote the app is told. */
function complaint(run: () => unknown): string {
  try {
    run()
  } catch (thrown) {
    if (thrown instanceof ConfigurationError) return thrown.message
    throw thrown
  }
  throw new Error('was allowed')
}

describe('completeApp', () => {
  it('takes from the server what the app does not say', () => {
    expect(completeApp({ ...app, maxConnections: 7, cacheTtl: undefined }, defaults)).toMatchObject({
      ...app,
      maxConnections: 7,
      maxBatch: 3,
      cacheTtl: 1800,
      enabled: true,
      previousSecret: undefined,
      webhooks: [{ url: 'https://example.com/hook', channels: ['*'], headers: {} }],
    })
  })

  it('is frozen', () => {
    expect(Object.isFrozen(completeApp(app, defaults))).toBe(true)
  })

  it.each<[what: string, given: unknown]>([
    ['a text', 'sesame'],
    ['an array', [app]],
    ['true', true],
    ['no id', { ...app, id: undefined }],
    ['an id that is a number', { ...app, id: 1 }],
    ['an empty key', { ...app, key: '' }],
    ['a key with a colon', { ...app, key: 'a:b' }],
    ['no secret', { ...app, secret: null }],
    ['an option that is none', { ...app, maxConections: 1 }],
    ['a limit that is a text', { ...app, maxBatch: '1' }],
    ['a limit below zero', { ...app, messageRate: -1 }],
    [
      'a webhook with a header that is none',
      { ...app, webhooks: [{ url: 'http://a', headers: { 'a b': 'x' } }] },
    ],
    [
      'a webhook with a header of two lines',
      { ...app, webhooks: [{ url: 'http://a', headers: { a: 'sesame\nb' } }] },
    ],
    ['a webhook without a URL', { ...app, webhooks: [{ events: ['sesame'] }] }],
  ])('refuses %s without saying a secret', (_, given) => {
    const said = complaint(() => completeApp(given, defaults))
    expect(said).toMatch(/^expected an app; ./)
    expect(said).not.toContain('sesame')
  })
})

describe('completeApps', () => {
  it('keeps their order', () => {
    const apps = completeApps([app, { ...app, id: '2', key: 'key-2' }], defaults)
    expect(apps.map(({ id }) => id)).toEqual(['1', '2'])
  })

  it.each([
    [[], /^expected an array of apps; /],
    [app, /^expected an array of apps; /],
    [[app, null], /^expected an array of apps; 1: /],
    [[app, { ...app, id: '2' }], /^two apps have the same key$/],
    [[app, { ...app, key: 'key-2' }], /^two apps have the same id$/],
  ])('refuses %j', (given, said) => {
    expect(complaint(() => completeApps(given, defaults))).toMatch(said)
  })
})

import { describe, expect, it } from 'vitest'
import { resolveSettings } from '../support/settings.ts'
import { addressSettings, publicAddress, urlOf } from './address.ts'

function urlFor(env: Record<string, string>): string {
  return urlOf(publicAddress(resolveSettings(addressSettings, env, {})))
}

describe('publicAddress', () => {
  it.each([
    [{}, 'http://127.0.0.1:8080'],
    [{ REVERB_HOST: '::' }, 'http://127.0.0.1:8080'],
    [{ REVERB_HOST: '10.0.0.7', REVERB_PORT: '9000', REVERB_PATH: '/ws' }, 'http://10.0.0.7:9000/ws'],
    [{ REVERB_HOST: '::1' }, 'http://[::1]:8080'],
    [{ REVERB_SCHEME: 'https' }, 'https://127.0.0.1:8080'],
    [{ REVERB_PUBLIC_PORT: '9000' }, 'http://127.0.0.1:9000'],
    [{ REVERB_PUBLIC_HOST: 'ws.example' }, 'http://ws.example:80'],
    [{ REVERB_PUBLIC_SCHEME: 'https' }, 'https://127.0.0.1:443'],
    [
      {
        REVERB_PUBLIC_HOST: 'ws.example',
        REVERB_PUBLIC_SCHEME: 'https',
        REVERB_PUBLIC_PATH: '/reverb',
        REVERB_PATH: '/x',
      },
      'https://ws.example:443/reverb',
    ],
  ])('with %j other processes find the server at %s', (env, url) => {
    expect(urlFor(env)).toBe(url)
  })

  it('lets code empty the path', () => {
    const settings = resolveSettings(addressSettings, { REVERB_PATH: '/x' }, { publicPath: '' })
    expect(publicAddress(settings).path).toBe('')
  })
})

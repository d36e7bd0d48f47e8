import { describe, expect, it } from 'vitest'
import { channelName, makeApp } from '../../../test/support/parts.ts'
import { appTelling } from '../../../test/support/webhooks.ts'
import type { App } from '../apps/app.ts'
import { type Target, targetsOf } from './target.ts'

const url = 'http://127.0.0.1/hook'

/** The targets of an app all of whose endpoints can be used. */
function usable(app: App): readonly Target[] {
  return targetsOf(app, (reason) => {
    throw new Error(reason)
  })
}

/** The one target of an app. */
function only(app: App): Target {
  const [target, ...others] = usable(app)
  if (target === undefined || others.length > 0) throw new Error('Expected one target')
  return target
}

function wants({ wants }: Target, name: 'channel_occupied' | 'channel_vacated', channel: string): boolean {
  return wants({ name, app: makeApp(), channel: channelName(channel) })
}

describe('targetsOf', () => {
  it('C158 wants the events and the channels that the endpoint names', () => {
    const endpoint = { url, events: ['channel_occupied'] as const, channels: ['private-*', '*.42'] }
    const target = only(appTelling([endpoint]))
    expect(wants(target, 'channel_occupied', 'private-x')).toBe(true)
    expect(wants(target, 'channel_occupied', 'orders.42')).toBe(true)
    expect(wants(target, 'channel_vacated', 'private-x')).toBe(false)
    expect(wants(target, 'channel_occupied', 'news')).toBe(false)
  })

  it('is one for endpoints that differ only in what they want: nothing is told twice', () => {
    const target = only(
      appTelling([
        { url, events: ['channel_occupied'], channels: ['a*'] },
        { url, events: ['channel_vacated'], channels: ['b*'] },
      ]),
    )
    expect(wants(target, 'channel_occupied', 'a')).toBe(true)
    expect(wants(target, 'channel_vacated', 'b')).toBe(true)
    expect(wants(target, 'channel_occupied', 'b')).toBe(false)
  })

  it('is another for another URL, other headers, another app, and after a change of the secret', () => {
    const targets = [
      ...usable(appTelling([{ url }, { url: `${url}2` }, { url, headers: { 'X-A': '1' } }])),
      ...usable(appTelling([{ url }], { id: 'other' })),
      ...usable(appTelling([{ url }], { key: 'other' })),
      ...usable(appTelling([{ url }], { secret: 'other' })),
    ]
    expect(new Set(targets.map(({ key }) => key)).size).toBe(6)
  })

  it('is the same for an app that was loaded again', () => {
    expect(only(appTelling([{ url }])).key).toBe(only(appTelling([{ url, events: [] }])).key)
  })

  it('signs with the secret, not with the previous one', () => {
    const { credentials } = only(appTelling([{ url }], { secret: 'new', previousSecret: 'old' }))
    expect(credentials).toEqual({ key: 'app-key', secret: 'new' })
  })

  it('has a name for the log without password and query', () => {
    const { label } = only(appTelling([{ url: 'https://user:pass@example.com:8443/hook?token=t#f' }]))
    expect(label).toBe('https://example.com:8443/hook')
  })

  it('keeps headers that belong to the webhook or to its body', () => {
    const headers = {
      'content-type': 'text/plain',
      'X-PUSHER-KEY': 'x',
      'x-pusher-signature': 'x',
      'Content-Length': '1',
      'Transfer-Encoding': 'chunked',
      Connection: 'upgrade',
      Authorization: 'Bearer t',
    }
    expect(only(appTelling([{ url, headers }])).headers).toEqual({ Authorization: 'Bearer t' })
  })

  it.each([
    ['a URL that is none', { url: 'secret-word' }],
    ['a URL of another scheme', { url: 'ftp://secret-word@x/' }],
    ['a header with a line feed', { url, headers: { 'X-A': 'secret-word\r\nX-B: 1' } }],
    ['a header that has no name', { url, headers: { '': 'secret-word' } }],
    ['a header with a character that HTTP does not have', { url, headers: { 'X-A': 'secret-word ☃' } }],
  ])('leaves out %s, says why without the value, and keeps the others', (_, unusable) => {
    const reasons: string[] = []
    const whole = appTelling([{ url }])
    const endpoint = { events: [], channels: [], headers: {}, ...unusable }
    const app: App = { ...whole, webhooks: [endpoint, ...whole.webhooks] }
    const targets = targetsOf(app, (reason) => reasons.push(reason))
    expect(targets.map(({ label }) => label)).toEqual([url])
    expect(reasons).toHaveLength(1)
    expect(reasons[0]).not.toContain('secret-word')
  })
})

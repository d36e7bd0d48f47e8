import PusherServer from 'pusher'
import { describe, expect, it } from 'vitest'
import { Api, type ApiApp, apiApp, apiOf } from '../support/api.ts'
import { send } from '../support/http.ts'
import { refusalOf, unauthorized } from '../support/refusal.ts'
import { startServer, type TestServer } from '../support/server.ts'

const awkwardIds = [
  '7',
  'u 1',
  'a/b',
  'a//b',
  '/a/',
  '100%',
  '50%é',
  'Zoë',
  'ą§¶™€łü€ß£',
  'a@b.c',
  "it's+1&2=3",
  '💥',
]

/** Asks as the Python SDK does: without the app in the path, which is signed as it was before it was encoded. */
function withoutApp({ port }: TestServer, path: string, app: ApiApp = apiApp, method = 'POST') {
  const call = { base: '', body: '{}', signedPath: decodeURIComponent(path) }
  return new Api({ port, app }).call(method, path, call)
}

describe('POST /users/{id}/terminate_connections', () => {
  it('C119 closes the signed-in connections of the user with 4009, and no others', async () => {
    const running = await startServer()
    const own = [await running.signedIn('7'), await running.signedIn('7')]
    const [other, member] = [await running.signedIn('8'), await running.connect()]
    await member.join('presence-x', { user_id: '7' })
    const { status, text } = await apiOf(running).post('/users/7/terminate_connections', {})
    expect([status, text]).toEqual([200, '{}'])
    for (const client of own) expect(await refusalOf(client)).toBe(4009)
    for (const client of [other, member]) await client.silence()
  })

  it('C120 of a user whom nobody knows answers 200', async () => {
    const { status, text } = await apiOf(await startServer()).post('/users/nobody/terminate_connections', {})
    expect([status, text]).toEqual([200, '{}'])
  })

  it.each(awkwardIds)('C146 closes those of the user %j for the Node SDK', async (id) => {
    const running = await startServer()
    const [user, other] = [await running.signedIn(id), await running.signedIn(`${id}x`)]
    const { id: appId, key, secret } = apiApp
    const sdk = new PusherServer({ appId, key, secret, host: '127.0.0.1', port: String(running.port) })
    expect((await sdk.terminateUserConnections(id)).status).toBe(200)
    expect(await refusalOf(user)).toBe(4009)
    await other.silence()
  })

  it.each(awkwardIds)('C146 closes those of the user %j whose id is percent-encoded', async (id) => {
    const running = await startServer({ path: '/reverb' })
    const client = await running.connect({}, '/reverb/app/app-key')
    await client.signin({ id })
    const path = `/users/${encodeURIComponent(id)}/terminate_connections`
    for (const signed of [path, `/users/${id}/terminate_connections`]) {
      const call = { body: '{}', signedPath: `/apps/app-id${signed}` }
      expect((await apiOf(running, '/reverb').call('POST', path, call)).status).toBe(200)
    }
    expect(await refusalOf(client)).toBe(4009)
  })

  it.each(['7', 'u%201', 'a/b'])(
    'C145 needs no app in the path (%s), as the Python SDK sends it',
    async (id) => {
      const running = await startServer({ apps: [{ id: '9', key: 'k', secret: 's' }, apiApp] })
      const user = await running.signedIn(decodeURIComponent(id))
      const { status, text } = await withoutApp(running, `/users/${id}/terminate_connections`)
      expect([status, text]).toEqual([200, '{}'])
      expect(await refusalOf(user)).toBe(4009)
    },
  )

  it('C145 without an app finds it by auth_key, and is as closed as any other way', async () => {
    const running = await startServer({ apps: [apiApp, { ...apiApp, id: '2', key: 'off', enabled: false }] })
    const user = await running.signedIn('7')
    const path = '/users/7/terminate_connections'
    const status = async (app: object) => (await withoutApp(running, path, { ...apiApp, ...app })).status
    expect(await status({ key: 'unknown' })).toBe(401)
    expect(await status({ key: '' })).toBe(401)
    expect(await status({ secret: 'wrong' })).toBe(401)
    expect(await status({ key: 'off' })).toBe(403)
    expect((await send({ port: running.port, method: 'POST', path })).status).toBe(401)
    expect((await withoutApp(running, path, apiApp, 'GET')).status).toBe(405)
    expect((await withoutApp(running, '/users/7/unsubscribe')).status).toBe(404)
    await user.silence()
  })

  it.each(['//', '/'])('gets 400 for an empty id (/users%sterminate_connections)', async (between) => {
    const running = await startServer()
    const answer = await apiOf(running).post(`/users${between}terminate_connections`, {})
    expect([answer.status, answer.body]).toEqual([400, { code: 400, error: expect.stringMatching(/\w/) }])
    expect((await withoutApp(running, `/users${between}terminate_connections`)).status).toBe(400)
  })

  it('gets 400 for an id of more than 128 characters', async () => {
    const api = apiOf(await startServer())
    const status = async (id: string) => (await api.post(`/users/${id}/terminate_connections`, {})).status
    expect([await status('x'.repeat(128)), await status('x'.repeat(129))]).toEqual([200, 400])
  })

  it.each([undefined, '', '{}', 'nonsense', '[null]'])('does not mind the body %j', async (body) => {
    const api = apiOf(await startServer())
    const call = body === undefined ? {} : { body }
    expect((await api.call('POST', '/users/7/terminate_connections', call)).status).toBe(200)
  })

  it('C178 closes nobody of another app', async () => {
    const other = { id: '2', key: 'other-key', secret: 'other-secret' }
    const running = await startServer({ apps: [apiApp, other] })
    const user = await running.signedIn('7')
    const api = new Api({ port: running.port, app: other })
    expect((await api.post('/users/7/terminate_connections', {})).status).toBe(200)
    await user.silence()
  })
})

describe('POST /users/{id}/unsubscribe', () => {
  it('takes the channel from every signed-in connection of the user, and from nobody else', async () => {
    const running = await startServer()
    const own = [await running.signedIn('u/1'), await running.signedIn('u/1')]
    const [other, member] = [await running.signedIn('8'), await running.connect()]
    for (const client of [...own, other, member]) {
      await client.join('presence-x', { user_id: 'u/1' })
      await client.join('news')
    }
    const { status, text } = await apiOf(running).post('/users/u/1/unsubscribe', { channel: 'presence-x' })
    expect([status, text]).toEqual([200, '{}'])
    for (const client of own) expect(await client.next()).toEqual(unauthorized('presence-x'))
    expect(await running.publish('presence-x')).toBe(2)
    expect(await running.publish('news')).toBe(4)
  })

  it('of a user or a channel that nobody knows answers 200', async () => {
    const running = await startServer()
    await running.signedIn('7')
    const api = apiOf(running)
    for (const id of ['7', 'nobody']) {
      expect((await api.post(`/users/${id}/unsubscribe`, { channel: 'news' })).status).toBe(200)
    }
  })

  it.each([{}, { channel: null }, { channel: 7 }, { channel: ['news'] }, { channel: 'a b' }, [], 'x', ''])(
    'gets 400 with the body %j',
    async (body) => {
      const { status, body: said } = await apiOf(await startServer()).post('/users/7/unsubscribe', body)
      expect([status, said]).toEqual([400, { code: 400, error: expect.stringMatching(/\w/) }])
    },
  )

  it('gets 400 for an empty id, and 405 for another method', async () => {
    const api = apiOf(await startServer())
    expect((await api.post('/users//unsubscribe', { channel: 'news' })).status).toBe(400)
    const { status, headers } = await api.get('/users/7/unsubscribe')
    expect([status, headers.allow]).toEqual([405, 'POST'])
  })
})

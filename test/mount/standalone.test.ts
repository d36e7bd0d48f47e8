import { createServer } from 'node:http'
import PusherServer from 'pusher'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { BroadcastManager } from '../../src/index.ts'
import { silentLogger } from '../../src/support/logger.ts'
import { apiApp, apiOf } from '../support/api.ts'
import { createCertificate } from '../support/certificate.ts'
import { freePort } from '../support/free-port.ts'
import { connectUnder, createReverb, listen } from '../support/host.ts'
import { objectOf, send } from '../support/http.ts'
import { createPusher, reached } from '../support/official-clients.ts'

const event = { name: 'order.paid', channels: ['news'], data: '{"id":42}' }

afterEach(() => {
  vi.unstubAllEnvs()
})

describe('listen', () => {
  it('says where it listens', async () => {
    const server = createReverb()
    const { host, port } = await server.listen()
    expect(host).toBe('127.0.0.1')
    expect((await send({ port, path: '/up' })).status).toBe(200)
    expect(server.mounted).toBe(false)
  })

  it('rejects with the variable, the address and what to do when the port is in use', async () => {
    const port = await listen(createServer())
    const server = createReverb({ port })
    await expect(server.listen()).rejects.toMatchObject({
      code: 'ERR_BROADCAST_CONFIGURATION',
      message: expect.stringMatching(
        new RegExp(`REVERB_PORT.*127\\.0\\.0\\.1:${port}.*in use.*set REVERB_PORT`),
      ),
    })
  })

  it('rejects with the variable when the host is not an address of the machine', async () => {
    await expect(createReverb({ host: '192.0.2.1' }).listen()).rejects.toThrow(/REVERB_HOST.*192\.0\.2\.1/)
  })

  it('is possible again where it has failed', async () => {
    const http = createServer()
    const port = await listen(http)
    const server = createReverb({ port })
    await expect(server.listen()).rejects.toThrow(/REVERB_PORT/)
    await new Promise((resolve) => http.close(resolve))
    expect(await server.listen()).toEqual({ host: '127.0.0.1', port })
  })

  it('says the same address to everybody who asks, and nothing once the server is closed', async () => {
    const port = await freePort()
    const server = createReverb({ port })
    const [first, second] = await Promise.all([server.listen(), server.listen()])
    expect(second).toEqual(first)
    await server.close()
    await expect(createReverb({ port }).listen()).resolves.toMatchObject({ port: first.port })
    expect(() => server.attach(createServer())).toThrow(/closed; make a new one/)
    expect(() => server.asFastifyPlugin()).toThrow(/closed; make a new one/)
    await expect(server.listen()).rejects.toThrow(/closed; make a new one/)
  })

  it('is undone by a close that comes before the port is open', async () => {
    const server = createReverb()
    const listening = server.listen()
    await server.close()
    const { port } = await listening
    await expect(send({ port, path: '/up' })).rejects.toThrow(/ECONNREFUSED/)
    const closed = createReverb()
    await closed.close()
    await expect(closed.listen()).rejects.toThrow(/closed; make a new one/)
  })

  it('serves every route below the path', async () => {
    const { port } = await createReverb({ path: '/reverb' }).listen()
    const client = await connectUnder(port, '/reverb')
    await client.join('news')
    expect((await apiOf({ port }, '/reverb').post('/events', event)).status).toBe(200)
    expect(await client.rest()).toHaveLength(1)
    const elsewhere = await send({ port, path: '/apps/app-id/events?auth_key=app-key' })
    expect(elsewhere.status).toBe(404)
    expect(objectOf(elsewhere)).toEqual({ error: 'Nothing is at /apps/app-id/events', code: 404 })
    await expect(connectUnder(port, '')).rejects.toThrow(/404/)
  })

  it('C174 ends every client with 4200, then refuses connections; closing twice is closing once', async () => {
    const server = createReverb()
    const { port } = await server.listen()
    const client = await connectUnder(port, '')
    await Promise.all([server.close(), server.close()])
    expect(await client.next('pusher:error')).toMatchObject({ data: { code: 4200 } })
    expect(await client.closed).toMatchObject({ code: 4200 })
    await expect(send({ port, path: '/up' })).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await server.close()
  })
})

describe('a server that is closed', () => {
  const refusal = {
    code: 'ERR_BROADCAST_CONFIGURATION',
    message: 'This server is closed; make a new one',
  }

  it('publishes nothing and says so', async () => {
    const server = createReverb()
    await server.listen()
    await server.close()
    await expect(server.publish({ channels: ['news'], event: 'x', data: '1' })).rejects.toMatchObject(refusal)
    await expect(server.disconnectUser('7')).rejects.toMatchObject(refusal)
    await expect(server.unsubscribeUser('7', 'private-news')).rejects.toMatchObject(refusal)
  })

  it('fails what the application broadcasts over it', async () => {
    const server = createReverb()
    const parts = { server, env: {} }
    const broadcasting = new BroadcastManager({ driver: 'reverb', logger: silentLogger }, parts)
    onTestFinished(() => broadcasting.close())
    await server.close()
    await expect(broadcasting.on('news').as('x').with({}).send()).rejects.toThrow(/This server is closed/)
  })

  it('still publishes to whoever is left while it closes', async () => {
    const server = createReverb()
    const { port } = await server.listen()
    const client = await connectUnder(port, '')
    await client.join('news')
    const closing = server.close()
    expect(await server.publish({ channels: ['news'], event: 'x', data: '1' })).toEqual(
      new Map([['news', 1]]),
    )
    expect(await client.next('x')).toMatchObject({ data: '1' })
    await closing
  })
})

describe('listen with REVERB_SCHEME=https', () => {
  it('C19 serves TLS, to pusher-js and to the SDK too', async () => {
    const { cert, certFile, keyFile } = createCertificate()
    const { port } = await createReverb({ scheme: 'https', tlsCert: certFile, tlsKey: keyFile }).listen()
    const client = await connectUnder(port, '', { ca: cert })
    await client.join('news')

    // Neither takes a certificate to trust.
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    vi.spyOn(process, 'emitWarning').mockReturnValue()
    const sdk = new PusherServer({
      appId: apiApp.id,
      ...apiApp,
      host: '127.0.0.1',
      port: String(port),
      useTLS: true,
    })
    expect((await sdk.trigger('news', 'order.paid', { id: 42 })).status).toBe(200)
    expect(await client.next('order.paid')).toMatchObject({ data: '{"id":42}' })
    await reached(createPusher(port, { forceTLS: true }), 'connected')
    vi.restoreAllMocks()
  })

  it('opens a key that is protected', async () => {
    const { cert, certFile, keyFile } = createCertificate('geheim')
    const options = { scheme: 'https', tlsCert: certFile, tlsKey: keyFile } as const
    const { port } = await createReverb({ ...options, tlsPassphrase: 'geheim' }).listen()
    expect((await send({ port, path: '/up', ca: cert })).status).toBe(200)
    const refused = createReverb({ ...options, tlsPassphrase: 'falsch' }).listen()
    await expect(refused).rejects.toThrow(/REVERB_TLS_KEY/)
    await expect(refused).rejects.not.toThrow(/falsch/)
  })

  it('says which file cannot be used', async () => {
    const { certFile, keyFile } = createCertificate()
    const missing = createReverb({ scheme: 'https', tlsCert: '/nowhere/cert.pem', tlsKey: keyFile })
    await expect(missing.listen()).rejects.toThrow(/REVERB_TLS_CERT.*\/nowhere\/cert\.pem/)
    const mixed = createReverb({ scheme: 'https', tlsCert: keyFile, tlsKey: certFile })
    await expect(mixed.listen()).rejects.toThrow(/REVERB_TLS_CERT/)
    expect(() => createReverb({ scheme: 'https' })).toThrow(/REVERB_TLS_CERT and REVERB_TLS_KEY/)
  })
})

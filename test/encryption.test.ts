import PusherServer from 'pusher'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Application, Broadcast, EncryptedPrivateChannel } from '../src/index.ts'
import { ProtocolClient } from '../src/testing/index.ts'
import { startApp } from './support/mounted-app.ts'
import { createPusher, join, type PusherClient, received } from './support/official-clients.ts'

// From broadcast() in the application to pusher-js, which decrypts: the server between them reads nothing.

const masterKey = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8='
const lines: string[] = []
const keep = (line: string) => void lines.push(line)
const logger = { debug: keep, info: keep, warn: keep, error: keep }

let app: Application
let port: number

beforeEach(async () => {
  const env = { REVERB_ENCRYPTION_MASTER_KEY: masterKey, REVERB_DEBUG: 'true' }
  const rules = () =>
    void Broadcast.channel('orders.{owner}', ({ user, params }) => params.owner === String(user.id))
  ;({ app, port } = await startApp({ env, logger, rules }))
})

afterEach(async () => {
  await app.shutdown()
  expect(lines.splice(0).join('\n')).not.toContain(masterKey)
})

function visit(user: string): PusherClient {
  return createPusher(port, {
    key: 'local',
    wsPath: '/reverb',
    channelAuthorization: {
      transport: 'ajax',
      endpoint: `http://127.0.0.1:${port}/broadcasting/auth`,
      headers: { 'X-User': user },
    },
  })
}

/** A client that sees what passes the server; it signs for itself. */
async function eavesdrop(channel: string): Promise<ProtocolClient> {
  const url = `ws://127.0.0.1:${port}/reverb/app/local?protocol=7`
  const credentials = { key: 'local', secret: 'secret' }
  const client = await ProtocolClient.connect(url, { credentials, timeout: 10 })
  await client.join(channel)
  return client
}

describe('An encrypted channel', () => {
  const name = 'private-encrypted-orders.ada'

  it('C163 C168 C169 is read by pusher-js, which has the key from /broadcasting/auth, and by nothing between', async () => {
    const channel = await join(visit('ada'), name)
    const between = await eavesdrop(name)
    const paid = received(channel, 'OrderPaid')
    const iban = { iban: 'DE02 1203', name: 'Zoë' }
    const receipt = await Broadcast.on(new EncryptedPrivateChannel('orders.ada'))
      .as('OrderPaid')
      .with(iban)
      .send()
    expect(receipt.channels).toEqual([{ name, recipients: 2 }])
    expect(await paid).toEqual(iban)
    const { data } = await between.next('OrderPaid')
    expect(JSON.parse(String(data))).toEqual({
      nonce: expect.stringMatching(/^[\w+/]{32}$/),
      ciphertext: expect.stringMatching(/^[\w+/]+=*$/),
    })
    expect(lines.join('\n')).toContain('"event":"OrderPaid"')
    expect(lines.join('\n')).not.toContain('DE02')
    between.terminate()
  })

  it('C168 is read by pusher-js when the Node SDK sends, which has the same master key', async () => {
    const channel = await join(visit('ada'), name)
    const sdk = new PusherServer({
      appId: '1',
      key: 'local',
      secret: 'secret',
      host: `127.0.0.1:${port}/reverb`,
      encryptionMasterKeyBase64: masterKey,
    })
    const paid = received(channel, 'OrderPaid')
    await sdk.trigger(name, 'OrderPaid', { id: 42 })
    expect(await paid).toEqual({ id: 42 })
  })

  it('C85 C86 C168 keeps its last event for newcomers, as it was sealed', async () => {
    const cached = new EncryptedPrivateChannel('cache-orders.ada')
    await Broadcast.on(cached).as('OrderPaid').with({ id: 42 }).send()
    const channel = visit('ada').subscribe(cached.name)
    expect(await received(channel, 'OrderPaid')).toEqual({ id: 42 })
  })

  it('C163 is refused to whom the rule does not admit', async () => {
    const channel = visit('ben').subscribe(name)
    expect(await received(channel, 'pusher:subscription_error')).toMatchObject({ status: 403 })
  })
})

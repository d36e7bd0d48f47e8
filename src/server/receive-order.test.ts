import { describe, expect, it } from 'vitest'
import { ManualRegistry } from '../../test/support/manual-registry.ts'
import { Parts, type TestClient, turn, userData } from '../../test/support/parts.ts'
import { signUser } from '../protocol/signature.ts'
import { Heartbeat } from './heartbeat.ts'

const success = 'pusher:signin_success'
const succeeded = 'pusher_internal:subscription_succeeded'
const refused = 'pusher:subscription_error'
const own = '#server-to-user-7'

function farAway(sendBuffer?: number) {
  const registry = new ManualRegistry()
  const parts = new Parts({ registry, ...(sendBuffer !== undefined && { sendBuffer }) })
  return { registry, parts, client: parts.connect() }
}

function signIn({ connection, say }: TestClient, id = '7'): void {
  const user_data = JSON.stringify({ id })
  const auth = signUser(connection.app, connection.socketId, user_data)
  say({ event: 'pusher:signin', data: { auth, user_data } })
}

const unsubscribe = ({ say }: TestClient, channel: string) =>
  say({ event: 'pusher:unsubscribe', data: { channel } })

/** What a client may say without waiting for an answer; who has signed in matters to some of it. */
const sayings = {
  'sign in': signIn,
  'sign in as another': (client) => signIn(client, '8'),
  subscribe: (client) => client.subscribe(own),
  unsubscribe: (client) => unsubscribe(client, own),
  'enter as the user': (client) => client.subscribe('presence-x'),
  'enter as somebody': (client) => client.subscribe('presence-x', userData('somebody')),
  leave: (client) => unsubscribe(client, 'presence-x'),
} satisfies Record<string, (client: TestClient) => void>

type Saying = keyof typeof sayings

const all = Object.keys(sayings) as Saying[]
const pairs = all.flatMap((first) => all.map((second) => [first, second]))
const triples = pairs.flatMap((pair) => all.map((third) => [...pair, third]))

/** What a client is part of, and what another has heard of it, once everything it has said in a row is done. */
async function outcome(said: readonly Saying[], registry?: ManualRegistry) {
  const parts = new Parts(registry && { registry })
  const [witness, client] = [parts.connect(), parts.connect()]
  witness.subscribe('presence-x', userData('witness'))
  await registry?.answerAll()
  for (const saying of said) sayings[saying](client)
  await registry?.answerAll()
  const { user, subscriptions } = client.connection
  const members = Array.from(subscriptions.values(), ({ channel, state, member }) => {
    return `${channel.name} ${state} ${member?.id}`
  })
  await turn()
  const heard = witness.socket.take().map(({ event, data }) => [event, data])
  await parts.stop()
  return { user: user?.id, members: members.sort(), heard }
}

describe('what a client says without waiting for answers', () => {
  it.each(all)('has the effect that it has one by one: first %s', async (first) => {
    for (const said of triples.filter((triple) => triple[0] === first) as Saying[][]) {
      expect([said, await outcome(said, new ManualRegistry())]).toEqual([said, await outcome(said)])
    }
  })

  it('C53 keeps its order when two sign-ins are under way', async () => {
    const { registry, client } = farAway()
    signIn(client)
    client.subscribe(own)
    signIn(client)
    client.subscribe(own)
    await registry.answer()
    unsubscribe(client, own)
    await registry.answerAll()
    expect(client.connection.subscriptions.size).toBe(0)
  })

  it('C112 is answered in order: the channel of the user opens when the registry has answered', async () => {
    const { registry, client } = farAway()
    signIn(client)
    client.subscribe(own)
    client.subscribe('presence-x')
    expect(await client.heard()).toEqual([])
    await registry.answerAll()
    expect(await client.heard()).toEqual([success, succeeded, succeeded])
  })

  it('C112 is refused, behind the error, when the sign-in fails', async () => {
    const { registry, client } = farAway()
    signIn(client)
    client.subscribe(own)
    await registry.fail(new Error('no connection'))
    expect(await client.heard()).toEqual(['pusher:error', refused])
  })

  it('is done at once where it does not matter who has signed in', async () => {
    const { registry, parts, client } = farAway()
    client.subscribe('private-x')
    await registry.answer()
    await client.heard()
    signIn(client)
    client.say({ event: 'pusher:ping' })
    unsubscribe(client, 'private-x')
    client.subscribe('news')
    expect(await client.heard()).toEqual(['pusher:pong'])
    expect([...client.connection.subscriptions.keys()]).toEqual(['news'])
    expect(parts.channels.find(parts.app, 'private-x')).toBeUndefined()
    await registry.answerAll()
    expect(await client.heard()).toEqual([success, succeeded])
  })

  it('C55 leaves nothing behind when the client disconnects meanwhile', async () => {
    const { registry, parts, client } = farAway()
    signIn(client)
    client.subscribe(own)
    client.connection.end()
    await registry.answerAll()
    await parts.released(5_000)
    expect(client.connection.subscriptions.size).toBe(0)
    expect(parts.channels.find(parts.app, own)).toBeUndefined()
    expect(registry.occupied(parts.app)).toEqual({})
  })

  it('waits up to the send buffer: a client that says more is closed with 4100', async () => {
    const { registry, parts, client } = farAway(1000)
    signIn(client)
    client.subscribe(own)
    expect(client.connection.heldBytes).toBeGreaterThan(0)
    expect(client.socket.closed).toBeUndefined()
    client.subscribe('presence-x', userData('7', 'x'.repeat(1000)))
    expect(client.socket.closed?.code).toBe(4100)
    expect(parts.metrics.messagesRefused).toBe(1)
    await registry.answerAll()
    expect(client.connection.heldBytes).toBe(0)
  })
})

describe('the time to authorise', () => {
  it.each<readonly [string, (client: TestClient) => void]>([
    ['signs in', signIn],
    ['joins a private channel', (client) => client.subscribe('private-x')],
    ['joins a presence channel', (client) => client.subscribe('presence-x', userData('7'))],
  ])('C121 is not over for a client that %s in time, however late the registry answers', (_what, say) => {
    const parts = new Parts({ registry: new ManualRegistry(), app: { userAuthTimeout: 20 } })
    const heartbeat = new Heartbeat({ ...parts, sweepers: [] })
    const [client, anonymous] = [parts.connect(), parts.connect()]
    say(client)
    anonymous.subscribe('news')
    heartbeat.sweep(Math.ceil(anonymous.connection.since) + 20_000)
    expect(anonymous.socket.closed?.code).toBe(4009)
    expect(client.socket.closed).toBeUndefined()
  })
})

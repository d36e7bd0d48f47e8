import { describe, expect, it, vi } from 'vitest'
import { ManualRegistry } from '../../../test/support/manual-registry.ts'
import { Parts, type TestClient, turn } from '../../../test/support/parts.ts'
import { signUser } from '../../protocol/signature.ts'
import { MemoryRegistry } from '../adapters/memory-registry.ts'

const success = 'pusher:signin_success'
const watchlist = 'pusher_internal:watchlist_events'

function farAway() {
  const registry = new ManualRegistry()
  const parts = new Parts({ registry })
  return { registry, parts }
}

function signIn({ connection, say }: TestClient, id: string, more: object = {}): void {
  const user_data = JSON.stringify({ id, ...more })
  say({
    event: 'pusher:signin',
    data: { auth: signUser(connection.app, connection.socketId, user_data), user_data },
  })
}

describe('signing in with a registry that is far away', () => {
  it('answers when the registry has, then tells the state of the watchlist', async () => {
    const { registry, parts } = farAway()
    const client = parts.connect()
    signIn(client, '7', { watchlist: ['8'] })
    expect(await client.heard()).toEqual([])
    await registry.answer()
    expect(await client.heard()).toEqual([success])
    await registry.answer()
    expect(await client.heard()).toEqual([watchlist])
  })

  it('C111 refuses another user while the first sign-in is under way', async () => {
    const { registry, parts } = farAway()
    const client = parts.connect()
    signIn(client, '7')
    signIn(client, '8')
    await registry.answerAll()
    expect(await client.heard()).toEqual([success, 'pusher:error'])
  })

  it('C111 lets the later of two sign-ins under way win', async () => {
    const { registry, parts } = farAway()
    const client = parts.connect()
    signIn(client, '7', { watchlist: ['8'] })
    signIn(client, '7', { watchlist: ['9'] })
    await registry.answerAll()
    await client.heard()
    signIn(parts.connect(), '8')
    signIn(parts.connect(), '9')
    await registry.answerAll()
    await turn()
    expect(client.socket.take().map(({ data }) => data)).toEqual([
      '{"events":[{"name":"online","user_ids":["9"]}]}',
    ])
  })

  it('stays signed in when the state of the watchlist cannot be read, and is told what changes', async () => {
    const { registry, parts } = farAway()
    const client = parts.connect()
    signIn(client, '7', { watchlist: ['8'] })
    await registry.answer()
    await registry.fail(new Error('no connection'))
    expect(await client.heard()).toEqual([success])
    expect(parts.lines).toEqual(['Reading a watchlist failed: no connection'])
    signIn(parts.connect(), '8')
    await registry.answer()
    expect(await client.heard()).toEqual([watchlist])
  })

  it('takes for true what it hears of a watched user while the registry is asked', async () => {
    const registry = new MemoryRegistry()
    const parts = new Parts({ registry })
    const [client, other] = [parts.connect(), parts.connect()]
    let answer = (_online: Set<string>) => {}
    vi.spyOn(registry, 'online').mockImplementationOnce(
      // What a registry behind a network returns; the memory registry's own type has no promise.
      () => new Promise((resolve) => (answer = resolve)) as unknown as Set<string>,
    )
    signIn(client, '7', { watchlist: ['8', '9'] })
    signIn(other, '8')
    expect(await client.heard()).toEqual([success])
    answer(new Set())
    // It goes on in the first turn, what it sends is written at the end of the second.
    await turn()
    await turn()
    const [state] = client.socket.take()
    expect(state?.data).toBe(
      '{"events":[{"name":"online","user_ids":["8"]},{"name":"offline","user_ids":["9"]}]}',
    )
  })

  it('leaves the connection as it was when the registry fails, and says so', async () => {
    const { registry, parts } = farAway()
    const client = parts.connect()
    signIn(client, '7')
    await registry.fail(new Error('no connection'))
    expect(await client.heard()).toEqual(['pusher:error'])
    expect(client.connection.user).toBeUndefined()
    expect(parts.lines).toEqual(['Handling signin failed: no connection'])
    signIn(client, '8')
    await registry.answerAll()
    expect(await client.heard()).toEqual([success])
  })

  it('signs out whoever disconnects meanwhile', async () => {
    const { registry, parts } = farAway()
    const client = parts.connect()
    signIn(client, '7')
    client.connection.end()
    await registry.answerAll()
    await parts.released(5_000)
    await parts.stop()
    const online = registry.online(parts.app, ['7'])
    await registry.answer()
    expect(await online).toEqual(new Set())
  })

  it('disconnects nobody who has signed out', async () => {
    const parts = new Parts()
    const [one, two] = [parts.connect(), parts.connect()]
    for (const client of [one, two]) signIn(client, '7')
    one.connection.end()
    await parts.released(5_000)
    await parts.revoke.disconnect(parts.app, '7')
    expect([one.socket.closed, two.socket.closed?.code]).toEqual([undefined, 4009])
  })
})

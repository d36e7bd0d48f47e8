import { describe, expect, it } from 'vitest'
import { ManualRegistry } from '../../../test/support/manual-registry.ts'
import { makeApp, Parts, socketIdOf, userData } from '../../../test/support/parts.ts'
import { signUser } from '../../protocol/signature.ts'

const count = 'pusher_internal:subscription_count'

/** A server, and what its lifecycle announces, in words. */
function listening(parts = new Parts()) {
  const announced: string[] = []
  parts.lifecycle.on(({ name, app, channel }) => void announced.push(`${app.secret} ${name} ${channel}`))
  return { parts, announced }
}

describe('changes', () => {
  it('are announced for the app as it is by then', async () => {
    const next = makeApp({ secret: 'new', previousSecret: 'app-secret' })
    const { parts, announced } = listening()
    const [one, two] = [parts.connect(), parts.connect()]
    one.subscribe('presence-x', userData('7'))
    for (const { connection } of [one, two]) connection.adopt(next)
    two.subscribe('presence-x', userData('8'))
    one.connection.end()
    two.connection.end()
    await parts.stop()
    expect(announced).toEqual([
      'app-secret channel_occupied presence-x',
      'app-secret member_added presence-x',
      'new member_added presence-x',
      'new member_removed presence-x',
      'new member_removed presence-x',
      'new channel_vacated presence-x',
    ])
  })

  it('are waited for when the server ends, also those that the registry tells late', async () => {
    const registry = new ManualRegistry()
    const { parts, announced } = listening(new Parts({ registry }))
    const client = parts.connect()
    client.subscribe('news')
    await registry.answer()
    client.connection.end()
    const stopped = parts.stop()
    await registry.answerAll()
    await stopped
    expect(announced).toEqual(['app-secret channel_occupied news', 'app-secret channel_vacated news'])
  })

  it('of the channel of a user concern nobody', async () => {
    const { parts, announced } = listening(new Parts({ app: { subscriptionCount: true } }))
    const client = parts.connect()
    client.connection.user = { id: '7', info: '{}' }
    client.subscribe('#server-to-user-7')
    expect(await client.heard()).toEqual(['pusher_internal:subscription_succeeded'])
    client.connection.end()
    await parts.stop()
    expect(announced).toEqual([])
  })

  it('are put into words for nobody until somebody listens', async () => {
    const parts = new Parts()
    const client = parts.connect()
    client.subscribe('presence-x', userData('7'))
    const { announced } = listening(parts)
    client.subscribe('news')
    client.connection.end()
    await parts.stop()
    expect(announced).toEqual([
      'app-secret channel_occupied news',
      'app-secret member_removed presence-x',
      'app-secret channel_vacated presence-x',
      'app-secret channel_vacated news',
    ])
  })

  it('of a count are told to subscribers, and announced where the app wants it', async () => {
    const { parts, announced } = listening(new Parts({ app: { subscriptionCount: true } }))
    const [one, two] = [parts.connect(), parts.connect()]
    one.subscribe('news')
    two.subscribe('news')
    two.connection.end()
    const heard = [count, count, count]
    expect((await one.heard()).filter((event) => event === count)).toEqual(heard)
    await parts.stop()
    expect(announced.filter((line) => line.includes('subscription_count'))).toHaveLength(3)
  })

  it('of users reach those who watch them, whoever tells the registry', async () => {
    const parts = new Parts()
    const client = parts.connect()
    const { app, registry } = parts
    const user_data = JSON.stringify({ id: '7', watchlist: ['8'] })
    const auth = signUser(app, client.connection.socketId, user_data)
    client.say({ event: 'pusher:signin', data: { auth, user_data } })
    await client.heard()
    registry.signIn(app, socketIdOf('9.9'), '8')
    expect(await client.heard()).toEqual(['pusher_internal:watchlist_events'])
  })
})

import { describe, expect, it } from 'vitest'
import { silentLogger } from '../src/support/logger.ts'
import { appPath, startServer, type TestServer } from './support/server.ts'

/** Knocks with an origin, and resolves when it was turned away. */
async function knock(running: TestServer, origin: string): Promise<void> {
  const client = await running.open(`${appPath}&token=sesame`, { headers: { origin } })
  expect(await client.closed).toMatchObject({ code: 4009 })
}

describe('connections that are refused', () => {
  it('leave one warning at once, and how many have followed when the server is closed', async () => {
    const warned: string[] = []
    const logger = { ...silentLogger, warn: (line: string) => void warned.push(line) }
    const running = await startServer({ allowedOrigins: ['https://shop.example'], logger })
    const said = (origin: string) =>
      `at "/app/app-key": the origin "${origin}" is not allowed; ` +
      'allowedOrigins (REVERB_ALLOWED_ORIGINS) has "https://shop.example" (app "app-id")'
    for (const origin of ['http://shop.example', 'https://one.example', 'https://two.example']) {
      await knock(running, origin)
    }
    const first = `A connection was refused with 4009 ${said('http://shop.example')}`
    expect(warned).toEqual([first])
    await running.server.close()
    const last = said('https://two.example')
    expect(warned).toEqual([first, `Further connections refused with 4009: 2, the last one ${last}`])
  })
})

import { createServer } from 'node:net'
import { beforeAll, describe, expect, it } from 'vitest'
import packageJson from '../package.json' with { type: 'json' }
import { serverSettings } from '../src/server/settings.ts'
import { ProtocolClient } from '../src/testing/index.ts'
import { ensureBuilt } from './support/built.ts'
import { portOf, type Run, reverb } from './support/cli.ts'
import { eventually } from './support/eventually.ts'
import { listen } from './support/host.ts'

/** A client of a run, below `ws://127.0.0.1:{port}`. */
async function connect(run: Run, path: string): Promise<ProtocolClient> {
  return ProtocolClient.connect(`ws://127.0.0.1:${await portOf(run)}${path}?protocol=7`, { timeout: 10 })
}

describe('reverb', () => {
  beforeAll(ensureBuilt, 60_000)

  it('--version prints that of the package', async () => {
    const run = await reverb(['--version'])
    expect(await run.ended).toBe(0)
    expect(run.printed()).toBe(`${packageJson.version}\n`)
  })

  it('keys prints credentials that start accepts in production', async () => {
    const keys = await reverb(['keys'])
    expect(await keys.ended).toBe(0)
    const run = await reverb(['start', '--port', '0'], { NODE_ENV: 'production' }, { '.env': keys.printed() })
    await portOf(run)
    const secret = /REVERB_APP_SECRET=(\w+)/.exec(keys.printed())?.[1]
    expect(secret).toHaveLength(64)
    expect(run.printed()).not.toContain(secret)
    expect(run.printed()).toContain(/REVERB_APP_KEY=(\w+)/.exec(keys.printed())?.[1])
  })

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'start tells every client 4200 on %s and ends with 0',
    async (signal) => {
      const run = await reverb(['start', '--host', '127.0.0.1', '--port', '0', '--path', '/ws'])
      const client = await connect(run, '/ws/app/local')
      run.child.kill(signal)
      expect(await client.closed).toMatchObject({ code: 4200 })
      expect(await run.ended).toBe(0)
    },
  )

  it('start reads a config file, over which flags win', async () => {
    const config =
      'export default { host: "127.0.0.1", port: 1, apps: [{ id: "7", key: "seven", secret: "s3cret" }] }'
    const run = await reverb(['start', '--config', 'reverb.mjs', '--port', '0'], {}, { 'reverb.mjs': config })
    await portOf(run)
    expect(run.printed()).toContain('for app 7 (key seven)')
    expect(run.printed()).not.toContain('s3cret')
    const client = await connect(run, '/app/seven')
    client.terminate()
  })

  it('start --debug logs every message without signatures', async () => {
    const run = await reverb(['start', '--host', '127.0.0.1', '--port', '0', '--debug'])
    const client = await connect(run, '/app/local')
    const signature = 'ab'.repeat(32)
    client.send({ event: 'pusher:subscribe', data: { channel: 'private-x', auth: `local:${signature}` } })
    await client.next('pusher:subscription_error')
    await eventually(() => run.printed()).toContain('private-x')
    expect(run.printed()).not.toContain(signature)
    client.terminate()
  })

  it('start warns of a variable that it does not know, with the nearest that it does', async () => {
    const run = await reverb(['start', '--host', '127.0.0.1', '--port', '0'], { REVERB_PROT: '9' })
    await eventually(() => run.printed()).toContain('REVERB_PROT is not a setting; did you mean REVERB_PORT?')
  })

  it('start refuses the default secret in production and names the command that makes a good one', async () => {
    const run = await reverb(['start', '--port', '0'], { NODE_ENV: 'production' })
    expect(await run.ended).toBe(1)
    expect(run.printed()).toMatch(/REVERB_APP_SECRET.*npx reverb keys/)
  })

  it('start says which port is in use and what to do', async () => {
    const port = await listen(createServer())
    const run = await reverb(['start', '--host', '127.0.0.1'], { REVERB_PORT: String(port) })
    expect(await run.ended).toBe(1)
    expect(run.printed()).toContain(`REVERB_PORT: 127.0.0.1:${port} is in use`)
  })

  it.each([
    [['start', '--port', '80a'], {}, /Expected a whole number from 0 to 65535/],
    [['start'], { REVERB_MAX_MESSAGE_SIZE: '-1' }, /REVERB_MAX_MESSAGE_SIZE: "-1" is not allowed/],
    [['start', '--config', 'none.json'], {}, /none\.json cannot be loaded: no such file\n$/],
    [['start', '--config', 'none.mjs'], {}, /none\.mjs cannot be loaded: no such file\n$/],
    [['stort'], {}, /unknown command/],
  ])('%j with %j is refused', async (args, env, message) => {
    const run = await reverb(args, env)
    expect(await run.ended).toBe(1)
    expect(run.printed()).toMatch(message)
  })

  it('start --help names every environment variable with its default', async () => {
    const run = await reverb(['start', '--help'])
    expect(await run.ended).toBe(0)
    expect(run.printed()).toMatch(/REVERB_PORT +Port that the standalone server listens on \[8080\]/)
    const lines = run.printed().split('\n')
    for (const { env, fallback, meaning } of Object.values(serverSettings)) {
      const line = lines.find((candidate) => candidate.trim().startsWith(`${env} `))
      const shown = /\[(.*)\]$/.exec(line ?? '')?.[1]
      expect(line).toContain(meaning)
      if (fallback === undefined) expect({ env, shown }).toEqual({ env, shown: undefined })
      else expect({ env, shown }).toEqual({ env, shown: [fallback].flat().join() || 'empty' })
    }
  })
})

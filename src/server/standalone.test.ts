import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ConfigurationError } from '../support/errors.ts'
import { resolveServerConfig } from './config.ts'
import type { ReverbServerOptions } from './server-options.ts'
import { closeStandalone, createStandalone, listen } from './standalone.ts'

const make = (options: ReverbServerOptions) => createStandalone(resolveServerConfig(options, {}), () => {})

/** A file with this content, for this test. */
function fileWith(content: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'standalone-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = path.join(folder, 'file.pem')
  writeFileSync(file, content)
  return file
}

describe('listen', () => {
  it('takes a free port for 0 and says which', async () => {
    const server = make({})
    const { address, port } = await listen(server, '127.0.0.1', 0)
    expect(address).toBe('127.0.0.1')
    expect(port).toBeGreaterThan(0)
    await closeStandalone(server)
    expect(server.listening).toBe(false)
  })

  it('says of a port in use which variable, which address, and what to do', async () => {
    const [first, second] = [createServer(), createServer()]
    const { port } = await listen(first, '127.0.0.1', 0)
    onTestFinished(() => void first.close())
    const failed = listen(second, '127.0.0.1', port)
    await expect(failed).rejects.toThrow(ConfigurationError)
    await expect(failed).rejects.toThrow(
      `REVERB_PORT: 127.0.0.1:${port} is in use by another program; stop it, or set REVERB_PORT to a free port`,
    )
  })

  it('says of a host that is not of this machine which variable it is', async () => {
    const failed = listen(createServer(), '192.0.2.1', 0)
    await expect(failed).rejects.toThrow(ConfigurationError)
    await expect(failed).rejects.toThrow('REVERB_HOST: "192.0.2.1" is not an address of this machine')
  })

  it.each(['EINVAL', 'EAFNOSUPPORT'])('says so too where the system calls it %s', async (code) => {
    const server = createServer()
    server.listen = () => {
      queueMicrotask(() => server.emit('error', Object.assign(new Error('no'), { code })))
      return server
    }
    await expect(listen(server, 'fe80::1', 80)).rejects.toThrow(
      'REVERB_HOST: "fe80::1" is not an address of this machine',
    )
  })

  it('says of a port for the privileged what to choose instead', async () => {
    const server = createServer()
    server.listen = () => {
      queueMicrotask(() => server.emit('error', Object.assign(new Error('no'), { code: 'EACCES' })))
      return server
    }
    await expect(listen(server, '127.0.0.1', 80)).rejects.toThrow(
      'REVERB_PORT: this user may not listen on 127.0.0.1:80; choose a port above 1023',
    )
  })

  it('passes on what it cannot explain', async () => {
    const server = createServer()
    const error = Object.assign(new Error('too many open files'), { code: 'EMFILE' })
    server.listen = () => {
      queueMicrotask(() => server.emit('error', error))
      return server
    }
    await expect(listen(server, '127.0.0.1', 80)).rejects.toBe(error)
  })
})

describe('createStandalone', () => {
  it('names the variable and the file that cannot be read', () => {
    const missing = path.join(tmpdir(), 'no-such-file.pem')
    expect(() => make({ scheme: 'https', tlsCert: missing, tlsKey: missing })).toThrow(
      `REVERB_TLS_CERT: "${missing}" cannot be read: `,
    )
    const tlsCert = fileWith('')
    expect(() => make({ scheme: 'https', tlsCert, tlsKey: missing })).toThrow(
      `REVERB_TLS_KEY: "${missing}" cannot be read: `,
    )
  })

  it('names the variables of a certificate that cannot be used, and never the passphrase', () => {
    const file = fileWith('-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n')
    const attempt = () => make({ scheme: 'https', tlsCert: file, tlsKey: file, tlsPassphrase: 'sesame' })
    expect(attempt).toThrow(ConfigurationError)
    expect(attempt).toThrow(/^REVERB_TLS_CERT and REVERB_TLS_KEY cannot be used: (?!.*sesame)/)
  })
})

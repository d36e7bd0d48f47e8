import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Certificate } from './certificate.ts'

const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc']

/** A CA that nobody knows, made by openssl; whoever makes it removes it. */
export class Authority {
  readonly #folder = mkdtempSync(join(tmpdir(), 'reverb-ca-'))
  readonly #own = this.#filesOf('ca')

  constructor() {
    const { certFile, keyFile } = this.#own
    this.#openssl(
      'req',
      '-x509',
      ...key,
      '-subj',
      '/CN=ca',
      '-days',
      '2',
      '-keyout',
      keyFile,
      '-out',
      certFile,
    )
  }

  get file(): string {
    return this.#own.certFile
  }

  get pem(): string {
    return readFileSync(this.file, 'utf8')
  }

  /** Signs a certificate for whatever the names say; fewer days than none have been over for long. */
  sign(title: string, names = 'DNS:localhost,IP:127.0.0.1', days = 2): Certificate {
    const { certFile, keyFile } = this.#filesOf(title)
    const request = join(this.#folder, `${title}.csr`)
    const wish = ['-subj', `/CN=${title}`, '-addext', `subjectAltName=${names}`]
    this.#openssl('req', ...key, ...wish, '-keyout', keyFile, '-out', request)
    const by = ['-CA', this.#own.certFile, '-CAkey', this.#own.keyFile, '-CAcreateserial']
    const how = [...by, '-copy_extensions', 'copy', '-days', String(days)]
    this.#openssl('x509', '-req', '-in', request, ...how, '-out', certFile)
    return { certFile, keyFile, cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') }
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true })
  }

  #filesOf(title: string) {
    return { certFile: join(this.#folder, `${title}.crt`), keyFile: join(this.#folder, `${title}.key`) }
  }

  #openssl(...words: string[]): void {
    execFileSync('openssl', words, { stdio: 'pipe' })
  }
}

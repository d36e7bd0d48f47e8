// The yardstick of publishing: verifies the signature of a request to the HTTP API, answers, and does nothing else.
//   node naive-http.mjs PORT
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'

const [port] = process.argv.slice(2)
const secret = 'app-secret'

createServer((request, response) => {
  /** @type {Buffer[]} */
  const parts = []
  request.on('data', (part) => parts.push(part))
  request.on('end', () => {
    const valid = isSigned(request.method, request.url ?? '', Buffer.concat(parts))
    response
      .writeHead(valid ? 200 : 401, { 'content-type': 'application/json', 'content-length': 2 })
      .end('{}')
  })
}).listen(Number(port), '127.0.0.1')

/**
 * @param {string | undefined} method
 * @param {string} url
 * @param {Buffer} body
 */
function isSigned(method, url, body) {
  const { pathname, searchParams } = new URL(url, 'http://localhost')
  const { auth_signature: signature = '', ...signed } = Object.fromEntries(searchParams)
  if (signed['body_md5'] !== createHash('md5').update(body).digest('hex')) return false
  const query = Object.keys(signed)
    .sort()
    .map((name) => `${name}=${signed[name]}`)
    .join('&')
  const expected = createHmac('sha256', secret).update(`${method}\n${pathname}\n${query}`).digest()
  const given = Buffer.from(signature, 'hex')
  return given.length === expected.length && timingSafeEqual(given, expected)
}

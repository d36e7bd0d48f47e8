import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { answerHandshake } from './handshake.ts'

interface Asked {
  method?: string
  httpVersion?: string
  headers?: Record<string, string | undefined>
}

function answer({ method = 'GET', httpVersion = '1.1', headers = {} }: Asked = {}) {
  const request = new IncomingMessage(new Socket())
  const good = {
    host: 'localhost',
    upgrade: 'websocket',
    connection: 'Upgrade',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  }
  return answerHandshake(Object.assign(request, { method, httpVersion, headers: { ...good, ...headers } }))
}

describe('answerHandshake', () => {
  it('answers the example of RFC 6455 with exactly this', () => {
    expect(answer()).toEqual({
      accepted: true,
      response:
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n',
    })
  })

  it.each<[name: string, asked: Asked, status: number, says: string]>([
    ['PUT', { method: 'PUT' }, 405, 'GET'],
    ['HTTP/1.0', { httpVersion: '1.0' }, 400, 'HTTP/1.1, not 1.0'],
    ['no Host', { headers: { host: undefined } }, 400, 'Host'],
    ['no Upgrade', { headers: { upgrade: undefined } }, 400, 'Upgrade'],
    ['another Upgrade', { headers: { upgrade: 'websockets, h2c' } }, 400, 'Upgrade'],
    ['no Connection', { headers: { connection: undefined } }, 400, 'Connection'],
    ['another Connection', { headers: { connection: 'keep-alive' } }, 400, 'Connection'],
    ['no version', { headers: { 'sec-websocket-version': undefined } }, 426, '13'],
    ['version 8', { headers: { 'sec-websocket-version': '8' } }, 426, '13'],
    ['two versions', { headers: { 'sec-websocket-version': '13, 13' } }, 426, '13'],
    ['no key', { headers: { 'sec-websocket-key': undefined } }, 400, 'Sec-WebSocket-Key'],
    ['an empty subprotocol', { headers: { 'sec-websocket-protocol': '' } }, 400, 'Sec-WebSocket-Protocol'],
  ])('refuses %s and says why', (_, asked, status, says) => {
    const { accepted, response } = answer(asked)
    const [head = '', reason = ''] = response.split('\r\n\r\n')
    expect(accepted).toBe(false)
    expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} \\w`))
    expect(head).toContain('\r\nConnection: close\r\n')
    expect(head).toContain(`\r\nContent-Length: ${reason.length}`)
    expect(reason).toContain(says)
  })

  it('tells a client of another version which one it understands', () => {
    const { response } = answer({ headers: { 'sec-websocket-version': '14' } })
    expect(response).toContain('\r\nSec-WebSocket-Version: 13\r\n')
    expect(response).toContain('\r\nUpgrade: websocket\r\n')
  })

  it('tells which method is allowed', () => {
    expect(answer({ method: 'POST' }).response).toContain('\r\nAllow: GET\r\n')
  })

  it('finds the names it needs among others, in any case', () => {
    const headers = { upgrade: 'h2c , WebSocket', connection: 'keep-alive,UPGRADE' }
    expect(answer({ headers }).accepted).toBe(true)
  })

  it('confirms the first subprotocol only', () => {
    const { response } = answer({ headers: { 'sec-websocket-protocol': 'first, second' } })
    expect(response).toMatch(/\r\nSec-WebSocket-Protocol: first\r\n\r\n$/)
  })

  it('is not led to write what a header smuggles in', () => {
    for (const offered of ['a\r\nx: y', 'a\nb', 'ä', '"a"', 'a;b']) {
      expect(answer({ headers: { 'sec-websocket-protocol': offered } }).accepted).toBe(false)
    }
  })
})

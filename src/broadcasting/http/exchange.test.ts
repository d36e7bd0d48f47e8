import { Agent, type ServerResponse } from 'node:http'
import { describe, expect, it, onTestFinished } from 'vitest'
import { eventually } from '../../../test/support/eventually.ts'
import { answerWith, startFakeApi } from '../../../test/support/fake-api.ts'
import { exchange, type WireRequest } from './exchange.ts'

describe('exchange', () => {
  it('does not send what waited too long for a connection of its agent', async () => {
    const held: ServerResponse[] = []
    const api = await startFakeApi([(response) => held.push(response), answerWith(200)])
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    onTestFinished(() => agent.destroy())
    const send = (path: string, changes: Partial<WireRequest> = {}) => {
      const { port } = api
      const body = Buffer.from('{}')
      const times = { connectTimeout: 5000, timeout: 5000 }
      const place = { agent, scheme: 'http', host: '127.0.0.1', port } as const
      return exchange({ ...place, ...times, method: 'POST', path, body, ...changes })
    }

    const first = send('/first')
    await expect(send('/second', { timeout: 50 })).rejects.toMatchObject({
      reason: 'time-out',
      connected: false,
    })
    await eventually(() => held).toHaveLength(1)
    const third = send('/third')
    held[0]?.end('first')
    expect(await first).toMatchObject({ status: 200, text: 'first' })
    expect(await third).toMatchObject({ status: 200, text: '{}' })
    expect(api.requests.map(({ url }) => url)).toEqual(['/first', '/third'])
    expect(api.sockets).toHaveLength(1)
  })

  it('takes every timer that can be asked for', async () => {
    const api = await startFakeApi([answerWith(200)])
    const agent = new Agent()
    const times = { connectTimeout: 1e15, timeout: 1e15 }
    const place = { agent, scheme: 'http', host: '127.0.0.1', port: api.port } as const
    const request = { ...place, ...times, method: 'GET', path: '/', body: undefined } as const
    expect(await exchange(request)).toMatchObject({ status: 200 })
  })
})

import { describe, expect, it } from 'vitest'
import { currentSocketId, runInRequest, socketIdOf } from './request-context.ts'

describe('socketIdOf', () => {
  it.each([
    { 'x-socket-id': '1.2' },
    { 'X-Socket-ID': '1.2' },
    { 'X-SOCKET-ID': '1.2' },
    new Headers({ 'X-Socket-Id': '1.2' }),
  ])('C167 reads the header in any case', (headers) => {
    expect(socketIdOf({ headers })).toBe('1.2')
  })

  it.each([
    {},
    { 'x-socket-id': '' },
    { 'x-socket-id': '1.2\n' },
    { 'x-socket-id': ['1.2'] },
    { 'x-socket-id': 'x' },
  ])('is nothing for %j', (headers) => {
    expect(socketIdOf({ headers })).toBeUndefined()
  })
})

describe('runInRequest', () => {
  it('knows the socket id in all that is called and awaited, and nowhere else', async () => {
    const request = (id: string) => ({ headers: { 'x-socket-id': id } })
    const later = async () => {
      await new Promise((resolve) => setImmediate(resolve))
      return currentSocketId()
    }
    const answers = await Promise.all([
      runInRequest(request('1.1'), later),
      runInRequest(request('2.2'), later),
      later(),
    ])
    expect(answers).toEqual(['1.1', '2.2', undefined])
  })

  it('forgets the socket of an outer request', () => {
    const inner = () => runInRequest({ headers: {} }, currentSocketId)
    expect(runInRequest({ headers: { 'x-socket-id': '1.1' } }, inner)).toBeUndefined()
  })
})

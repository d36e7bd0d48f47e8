import { describe, expect, it } from 'vitest'
import { isClientEvent, isReservedEvent } from './events.ts'

describe('isReservedEvent', () => {
  it('is true of the names of the protocol and of no others', () => {
    for (const name of ['pusher:x', 'pusher:', 'pusher_internal:x']) expect(isReservedEvent(name)).toBe(true)
    for (const name of ['pusher', 'pusherx:', 'my-pusher:x', 'Pusher:x', ''])
      expect(isReservedEvent(name)).toBe(false)
  })
})

describe('isClientEvent', () => {
  it('C106 is anchored and insists on the dash', () => {
    for (const name of ['client-x', 'client-']) expect(isClientEvent(name)).toBe(true)
    for (const name of ['Xclient-foo', 'client_foo', 'client', 'Client-x'])
      expect(isClientEvent(name)).toBe(false)
  })
})

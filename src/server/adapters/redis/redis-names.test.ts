import { describe, expect, it } from 'vitest'
import { slotOf } from './cluster-slots.ts'
import { RedisNames, readPlace } from './redis-names.ts'

const odd = ['news', 'a:b', '{}', '}{', '%3A', '::', 'ü']

describe('RedisNames', () => {
  it('reads the roads and places that it has named', () => {
    for (const prefix of odd) {
      const names = new RedisNames(prefix)
      for (const road of odd) expect(names.read(names.road(road))).toEqual({ road })
      for (const appId of odd) {
        for (const channel of odd) {
          expect(names.read(names.changed({ appId, channel }))).toEqual({ place: { appId, channel } })
        }
      }
    }
  })

  it('has everything of the ledger in one slot, and an event in that of its road', () => {
    const names = new RedisNames('my:{app}')
    const place = { appId: 'a', channel: 'news' }
    expect(slotOf(names.changed(place))).toBe(slotOf(names.ledger))
    for (const road of odd) expect(slotOf(names.event(place, road))).toBe(slotOf(names.road(road)))
  })

  it('gives no two prefixes a name in common', () => {
    const names = odd.flatMap((prefix) => {
      const of = new RedisNames(prefix)
      return [of.ledger, ...odd.map((road) => of.road(road))]
    })
    expect(new Set(names).size).toBe(names.length)
  })

  it('spreads roads evenly over the slots', () => {
    const names = new RedisNames('reverb')
    const thirds = [0, 0, 0]
    for (let at = 0; at < 3000; at++) {
      const third = Math.floor((slotOf(names.road(`app:channel-${at}`)) * 3) / 16_384)
      thirds[third] = (thirds[third] ?? 0) + 1
    }
    for (const share of thirds) expect(share).toBeGreaterThan(800)
  })
})

describe('readPlace', () => {
  it('takes apart what the scripts call a place', () => {
    expect(readPlace('a%3Ab:c%25d')).toEqual({ appId: 'a:b', channel: 'c%d' })
  })
})

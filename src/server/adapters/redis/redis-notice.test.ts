import { describe, expect, it } from 'vitest'
import { readNotice } from './redis-notice.ts'

function read(value: unknown) {
  return readNotice(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)))
}

describe('readNotice', () => {
  it('reads who came, and who went', () => {
    expect(read(['1795877093407802', '0', '3', '2', '7', '{}', '8', '{"a":1}', '9', '10'])).toEqual({
      version: 1_795_877_093_407_802,
      previous: 0,
      subscriptions: 3,
      added: [
        { id: '7', info: '{}' },
        { id: '8', info: '{"a":1}' },
      ],
      removed: ['9', '10'],
    })
    expect(read(['2', '1', '0', '0'])).toMatchObject({ added: [], removed: [] })
  })

  it.each<readonly [string, unknown]>([
    ['no JSON', 'garbage'],
    ['nothing', ''],
    ['an object', {}],
    ['null', 'null'],
    ['a number', '7'],
    ['a text', '"1,2,3,0"'],
    ['an empty list', []],
    ['too few numbers', ['1', '2', '3']],
    ['numbers that are no texts', [1, 2, 3, 0]],
    ['a user that is no text', ['1', '2', '3', '0', null]],
    ['a version that is no number', ['one', '2', '3', '0']],
    ['an empty version', ['', '2', '3', '0']],
    ['a version that has an exponent', ['1e9', '2', '3', '0']],
    ['a version that is greater than any', ['9999999999999999', '2', '3', '0']],
    ['a negative count', ['1', '2', '3', '-1']],
    ['a fraction', ['1', '2', '3.5', '0']],
    ['more users than there are', ['1', '2', '3', '99999999999']],
    ['a user without info', ['1', '2', '3', '1', '7']],
  ])('refuses %s', (_, value) => {
    expect(read(value)).toBe(undefined)
  })
})

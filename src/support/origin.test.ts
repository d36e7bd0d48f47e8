import { describe, expect, it } from 'vitest'
import { isOriginAllowed, isOriginPattern } from './origin.ts'

describe('isOriginPattern', () => {
  it.each([
    ['*', 'https://anything.example'],
    ['shop.example', 'https://shop.example'],
    ['SHOP.example', 'http://shop.example:3000'],
    ['shop.example:8443', 'https://shop.example:8443'],
    ['https://shop.example', 'https://shop.example'],
    ['https://shop.example:8443', 'https://shop.example:8443'],
    ['*.shop.example', 'https://a.shop.example'],
    ['https://*.shop.example:443', 'https://a.b.shop.example'],
    ['localhost:5173', 'http://localhost:5173'],
    ['127.0.0.1', 'http://127.0.0.1:8080'],
    ['[::1]:8080', 'http://[::1]:8080'],
    ['http://[::1]', 'http://[::1]:8080'],
    ['xn--bcher-kva.example', 'https://xn--bcher-kva.example'],
    ['my_host', 'http://my_host'],
    ['capacitor://localhost', 'capacitor://localhost'],
    ['chrome-extension://abcdefghijklmnop', 'chrome-extension://abcdefghijklmnop'],
  ])('takes %s, which allows %s', (pattern, origin) => {
    expect(isOriginPattern(pattern)).toBe(true)
    expect(isOriginAllowed(origin, [pattern])).toBe(true)
  })

  it.each([
    '',
    'https://',
    'https://shop.example/',
    'shop.example/',
    'shop.example/path',
    'https://shop.example/path',
    'http//shop.example',
    'https:/shop.example',
    'https:shop.example',
    '://shop.example',
    'shop.example:',
    'shop.example:https',
    'https://me@shop.example',
    'shop.example?',
    'shop.example#top',
    ' shop.example',
    'shop.example\n',
    'shop example',
    'bücher.example',
    '*.',
    '*.*.example',
    'shop.*',
    '*shop.example',
    'https://*',
    '*:8080',
    '.shop.example',
    'shop..example',
  ])('refuses %j, which allows nothing', (pattern) => {
    expect(isOriginPattern(pattern)).toBe(false)
  })
})

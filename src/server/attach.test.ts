import { describe, expect, it } from 'vitest'
import { pathUnder } from './attach.ts'

describe('pathUnder', () => {
  it.each([
    ['', '/app/key', '/app/key'],
    ['', '/', '/'],
    ['/reverb', '/reverb/app/key?protocol=7', '/app/key'],
    ['/reverb', '/reverb', ''],
    ['/reverb', '/reverb/', '/'],
    ['/reverb', '/reverb?x=/reverb/app', ''],
    ['/reverb', '//reverb//app///key/', '/app/key/'],
    ['/a/b', '/a//b/up', '/up'],
  ])('%j of %j leaves %j', (prefix, url, rest) => {
    expect(pathUnder(prefix, url)).toBe(rest)
  })

  it.each([
    ['/reverb', '/reverb-stats'],
    ['/reverb', '/reverbs/app/key'],
    ['/reverb', '/Reverb/app/key'],
    ['/reverb', '/app/key'],
    ['/reverb', '/x/reverb/app/key'],
    ['/reverb', '/?/reverb/app'],
    ['/reverb', ''],
  ])('%j is not where %j leads', (prefix, url) => {
    expect(pathUnder(prefix, url)).toBeUndefined()
  })
})

import { describe, expect, it } from 'vitest'
import { userPathOf } from './user-path.ts'

describe('userPathOf', () => {
  it.each([
    ['/apps/1/users/7/terminate_connections', '7'],
    ['/apps/1/users/7/unsubscribe', '7'],
    ['/users/7/terminate_connections', '7'],
    ['/apps/1/users/u%201/%C3%A9/terminate_connections', 'u%201/%C3%A9'],
    ['/apps/1/users/a%2Fb/terminate_connections', 'a%2Fb'],
    ['/apps/1/users/a//b/terminate_connections', 'a//b'],
    ['/apps/1/users//a/terminate_connections', '/a'],
    ['/apps/1/users/a//terminate_connections', 'a/'],
    ['/apps/1/users/a/terminate_connections/terminate_connections', 'a/terminate_connections'],
    ['/apps/1/users/users/users/terminate_connections', 'users/users'],
    ['/apps/1/users/100%/terminate_connections', '100%'],
    ['/apps/1/users//terminate_connections', ''],
    ['/apps/1/users/terminate_connections', ''],
    ['/users//unsubscribe', ''],
  ])('%s is about the user %j', (url, id) => {
    const collapsed = url.replace(/\/{2,}/g, '/')
    expect(userPathOf(collapsed, `${url}?auth_key=/users/x/unsubscribe`)).toEqual({
      route: url.replace(/^(.*?\/users\/).*\/?(terminate_connections|unsubscribe)$/, '$1-/$2'),
      id,
      signed: url,
    })
  })

  it.each([
    ['/users/7/terminate_connections', '/reverb/users/7/terminate_connections', '7'],
    ['/apps/1/users/a/b/unsubscribe', '//users/x//users//apps/1//users/a//b/unsubscribe', 'a//b'],
  ])('%s of %s has the id %j, whatever the mount is called', (path, url, id) => {
    expect(userPathOf(path, url)).toMatchObject({
      id,
      signed: expect.stringMatching(/^(\/apps\/1)?\/users\//),
    })
  })

  it.each([
    '/apps/1/users',
    '/apps/1/users/7',
    '/apps/1/users/7/terminate',
    '/apps/1/users/7/terminate_connections/x',
    '/apps/1/x/users/7/terminate_connections',
    '/apps/1/channels/users/terminate_connections',
    '/apps/users/7/terminate_connections',
    '/up',
    '',
  ])('%j is about no user', (path) => {
    expect(userPathOf(path, path)).toBeUndefined()
  })
})

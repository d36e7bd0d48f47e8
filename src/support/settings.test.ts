import { describe, expect, it, vi } from 'vitest'
import { ConfigurationError } from './errors.ts'
import {
  choice,
  flag,
  integer,
  list,
  optionalText,
  positive,
  resolveSettings,
  secret,
  setting,
  text,
  warnOfUnknownVariables,
} from './settings.ts'

const settings = {
  id: setting('REVERB_ID', text, 'one', 'An id'),
  port: setting('REVERB_PORT', integer(0, 65_535), 8080, 'A port'),
  wait: setting('REVERB_WAIT', positive, 1, 'A duration'),
  key: setting('REVERB_KEY', secret, 'known', 'A secret'),
  debug: setting('REVERB_DEBUG', flag, false, 'A switch'),
  hosts: setting('REVERB_HOSTS', list, ['*'], 'A list'),
  mode: setting('REVERB_MODE', choice('all', 'none'), 'all', 'A word', 'REVERB_OLD_MODE'),
  file: setting('REVERB_FILE', optionalText, undefined, 'A file'),
}

describe('resolveSettings', () => {
  it('gives the defaults when nothing is said', () => {
    expect(resolveSettings(settings, {}, {})).toEqual({
      id: 'one',
      port: 8080,
      wait: 1,
      key: 'known',
      debug: false,
      hosts: ['*'],
      mode: 'all',
      file: undefined,
    })
  })

  it('lets code win over the environment, and an empty variable count as none', () => {
    const env = { REVERB_PORT: '1', REVERB_WAIT: '0.25', REVERB_ID: '' }
    expect(resolveSettings(settings, env, { port: 2 })).toMatchObject({ port: 2, wait: 0.25, id: 'one' })
  })

  it('guesses nothing: an id stays the text it is', () => {
    expect(resolveSettings(settings, { REVERB_ID: '007' }, {}).id).toBe('007')
    expect(resolveSettings(settings, { REVERB_KEY: 'true' }, {}).key).toBe('true')
  })

  it('reads lists, switches and other names of a variable', () => {
    const env = { REVERB_HOSTS: 'a.com, *.b.com', REVERB_DEBUG: 'true', REVERB_OLD_MODE: 'none' }
    expect(resolveSettings(settings, env, {})).toMatchObject({
      hosts: ['a.com', '*.b.com'],
      debug: true,
      mode: 'none',
    })
  })

  it.each([
    ['REVERB_PORT', '80a', /^REVERB_PORT: "80a" is not allowed; expected a whole number from 0 to 65535/],
    ['REVERB_PORT', '65536', /^REVERB_PORT: "65536"/],
    ['REVERB_PORT', '1e3', /^REVERB_PORT: "1e3"/],
    ['REVERB_WAIT', '0', /^REVERB_WAIT: "0" is not allowed; expected a number above 0/],
    ['REVERB_DEBUG', 'yes', /^REVERB_DEBUG: "yes" is not allowed; expected true or false/],
    ['REVERB_MODE', 'some', /^REVERB_MODE: "some" is not allowed; expected all, none/],
    ['REVERB_OLD_MODE', 'some', /^REVERB_OLD_MODE: "some"/],
    ['REVERB_HOSTS', 'a,,b', /^REVERB_HOSTS: "a,,b" is not allowed; expected a comma list/],
  ])('%s=%s is refused with its name, its value and what is allowed', (variable, value, message) => {
    const resolve = () => resolveSettings(settings, { [variable]: value }, {})
    expect(resolve).toThrow(ConfigurationError)
    expect(resolve).toThrow(message)
  })

  it('names the option when code is wrong, and never shows a secret', () => {
    expect(() => resolveSettings(settings, {}, { port: 'x' })).toThrow(/^port: "x" is not allowed/)
    expect(() => resolveSettings(settings, {}, { key: 12345 })).toThrow(/^key: its value is not allowed/)
  })
})

describe('warnOfUnknownVariables', () => {
  it('names the nearest known variable, and is silent about known and foreign ones', () => {
    const warn = vi.fn()
    const env = { REVERB_PROT: '1', REVERB_APPS: '[]', REVERB_SOMETHING_ELSE: '1', PORT: '1', REVERB_ID: '1' }
    warnOfUnknownVariables(env, [settings], ['REVERB_APPS'], { warn })
    expect(warn.mock.calls.flat()).toEqual([
      'REVERB_PROT is not a setting; did you mean REVERB_PORT?',
      'REVERB_SOMETHING_ELSE is not a setting',
    ])
  })
})

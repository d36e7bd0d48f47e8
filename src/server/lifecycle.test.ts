import { describe, expect, it } from 'vitest'
import { channelName, makeApp } from '../../test/support/parts.ts'
import { type Logger, silentLogger } from '../support/logger.ts'
import { Lifecycle, type LifecycleEvent } from './lifecycle.ts'
import { Metrics } from './metrics.ts'

const occupied: LifecycleEvent = { name: 'channel_occupied', app: makeApp(), channel: channelName('news') }

function watched() {
  const errors: string[] = []
  const logger: Logger = { ...silentLogger, error: (line) => void errors.push(line) }
  const metrics = new Metrics()
  return { errors, metrics, lifecycle: new Lifecycle(metrics, logger) }
}

describe('Lifecycle', () => {
  it('listens when somebody does', () => {
    const { lifecycle } = watched()
    lifecycle.announce(occupied)
    expect(lifecycle.listening).toBe(false)
    lifecycle.on(() => {})
    expect(lifecycle.listening).toBe(true)
  })

  it('tells every listener of everything, in the order of registration', () => {
    const { lifecycle } = watched()
    const heard: [listener: string, event: LifecycleEvent][] = []
    lifecycle.on((event) => heard.push(['first', event]))
    lifecycle.on((event) => heard.push(['second', event]))
    const vacated: LifecycleEvent = { ...occupied, name: 'channel_vacated' }
    lifecycle.announce(occupied)
    lifecycle.announce(vacated)
    expect(heard).toEqual([
      ['first', occupied],
      ['second', occupied],
      ['first', vacated],
      ['second', vacated],
    ])
  })

  it('goes on after a listener that throws, which is counted and logged', () => {
    const { lifecycle, errors, metrics } = watched()
    const heard: LifecycleEvent[] = []
    lifecycle.on(() => {
      throw new Error('no more memory')
    })
    lifecycle.on((event) => heard.push(event))
    lifecycle.announce(occupied)
    expect(heard).toEqual([occupied])
    expect(errors).toEqual(['A listener for channel_occupied failed: no more memory'])
    expect(metrics.handlerFailures).toBe(1)
  })
})

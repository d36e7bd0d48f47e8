import { describe, expect, it } from 'vitest'
import { stoppedClock } from '../../../test/support/clock.ts'
import { type Logger, silentLogger } from '../../support/logger.ts'
import { Metrics } from '../metrics.ts'
import { Complaints } from './complaints.ts'

function watched() {
  const pass = stoppedClock()
  const lines: string[] = []
  const note = (line: string) => void lines.push(line)
  const logger: Logger = { ...silentLogger, warn: note, error: note }
  const metrics = new Metrics()
  return { pass, lines, metrics, complaints: new Complaints('http://x/hook', metrics, logger) }
}

describe('Complaints', () => {
  it('say once that an endpoint fails, until it has taken something', () => {
    const { pass, lines, metrics, complaints } = watched()
    for (const reason of ['status 500', 'status 501', 'status 502']) {
      complaints.failed()
      complaints.tryAgain(reason)
      pass(60)
    }
    expect(lines).toEqual([
      'The webhook http://x/hook failed: status 500; it is tried again for five minutes',
    ])
    complaints.taken()
    complaints.tryAgain('status 503')
    expect(lines).toHaveLength(2)
    expect(metrics).toMatchObject({ webhooksFailed: 3, webhooksSent: 1, webhookEventsDropped: 0 })
  })

  it('say so at most once in five seconds of an endpoint that fails every other time', () => {
    const { pass, lines, complaints } = watched()
    for (let second = 0; second < 10; second++) {
      complaints.tryAgain('status 500')
      complaints.taken()
      pass(1)
    }
    expect(lines).toHaveLength(2)
  })

  it('count every event that is lost, and say it at most once in five seconds', () => {
    const { pass, lines, metrics, complaints } = watched()
    for (let lost = 0; lost < 1000; lost++) complaints.lost(1, 'too many')
    expect(lines).toEqual(['Events that the webhook http://x/hook is not told: 1 (too many)'])
    pass(5)
    complaints.lost(3, 'status 500')
    complaints.lost(1, 'too many')
    expect(lines.slice(1)).toEqual(['Events that the webhook http://x/hook is not told: 1002 (status 500)'])
    expect(metrics.webhookEventsDropped).toBe(1004)
  })

  it('say in the end what they have not said', () => {
    const { lines, complaints } = watched()
    complaints.settle()
    expect(lines).toEqual([])
    complaints.lost(1, 'too many')
    complaints.lost(2, 'too many')
    complaints.settle()
    complaints.settle()
    expect(lines.slice(1)).toEqual(['Events that the webhook http://x/hook is not told: 2 (too many)'])
  })
})

import { expect, it } from 'vitest'
import { silentLogger } from '../support/logger.ts'
import { createTrace } from './trace.ts'

it('A trace is a debug line with direction, who and what, signatures masked', () => {
  const lines: string[] = []
  const trace = createTrace({ ...silentLogger, debug: (line) => void lines.push(line) })
  const signature = '860b5d24884987d6716be1c460c2acbcad53332c1714872bbbb555af3f44aedb'
  trace('in', '1.1', `{"auth":"app-key:${signature}","channel":"private-x"}`)
  trace('in', '1.1', signature.toUpperCase())
  trace('out', 'news', '{"event":"a","data":"deadbeef"}')
  expect(lines).toEqual([
    '<- 1.1 {"auth":"app-key:***","channel":"private-x"}',
    '<- 1.1 ***',
    '-> news {"event":"a","data":"deadbeef"}',
  ])
})

import path from 'node:path'
import { describe, expect, it } from 'vitest'
import packageJson from '../package.json' with { type: 'json' }
import {
  barrelViolations,
  browserViolations,
  channelViolations,
  cycleViolations,
  floorViolations,
  packageViolations,
  placeViolations,
  serverFloorViolations,
} from './support/architecture.ts'
import { type Graph, importsOf, readGraph } from './support/imports.ts'

// Each rule is asked twice: whether src/ keeps it, and whether a made-up tree that breaks it is caught.

const source = readGraph(path.resolve(import.meta.dirname, '../src'))

/** The files behind the doors: `server/index.ts` for `./dist/server/index.js`. */
const doors = Object.values(packageJson.exports)
  .filter((door) => typeof door === 'object')
  .map((door) => door.default.replace('./dist/', '').replace(/\.js$/, '.ts'))

/** A made-up tree: the source of each file by its path. */
function tree(files: Record<string, string>): Graph {
  return new Map(Object.entries(files).map(([file, text]) => [file, importsOf(file, text)]))
}

describe('The imports of a file', () => {
  it('are found in every form they have', () => {
    const text = `
      import { a } from './a.ts'
      import type { B } from '../b.ts'
      import { type C } from 'c/door'
      export * from '@scope/d/door'
      export type { E } from 'node:events'
      import 'fs'
      const g = await import('./g.ts')
      type H = import('h').H
      const computed = await import(g.file)`
    expect(importsOf('x/y.ts', text)).toEqual([
      { to: 'x/a.ts', kind: 'file', typeOnly: false },
      { to: 'b.ts', kind: 'file', typeOnly: true },
      { to: 'c', kind: 'package', typeOnly: false },
      { to: '@scope/d', kind: 'package', typeOnly: false },
      { to: 'node:events', kind: 'node', typeOnly: true },
      { to: 'node:fs', kind: 'node', typeOnly: false },
      { to: 'x/g.ts', kind: 'file', typeOnly: false },
      { to: 'h', kind: 'package', typeOnly: true },
    ])
  })

  it('cannot be read from a file that does not parse', () => {
    expect(() => importsOf('x.ts', 'import {')).toThrow('x.ts cannot be parsed')
  })
})

describe('Floors', () => {
  it('hold every file', () => {
    expect(placeViolations(source)).toEqual([])
    expect(placeViolations(tree({ 'support/a.ts': '', 'attic/a.ts': '', 'server/attic/a.ts': '' }))).toEqual([
      'attic/a.ts has no floor: give it one in the tables of architecture.ts',
      'server/attic/a.ts has no floor: give it one in the tables of architecture.ts',
    ])
  })

  it('import only those below them', () => {
    expect(floorViolations(source)).toEqual([])
    const allowed = tree({
      'index.ts': `import '../reverb-provider.ts'`,
      'server/a.ts': `import './b.ts'; import '../protocol/a.ts'; import '../support/a.ts'; import 'node:fs'`,
    })
    expect(floorViolations(allowed)).toEqual([])
  })

  it.each([
    ['support/a.ts', 'protocol/b.ts'],
    ['protocol/a.ts', 'foundation/b.ts'],
    ['broadcasting/a.ts', 'server/b.ts'],
    ['broadcasting/a.ts', 'client/b.ts'],
    ['server/a.ts', 'broadcasting/b.ts'],
    ['server/a.ts', 'client/b.ts'],
    ['client/a.ts', 'broadcasting/b.ts'],
    ['client/a.ts', 'server/b.ts'],
    ['integrations/a.ts', 'reverb-provider.ts'],
    ['testing/a.ts', 'cli/b.ts'],
  ])('catch %s importing %s, be it a type', (from, to) => {
    const expected = [`${from} must not import ${to}: a floor imports only those below it`]
    for (const clause of ['', '{ a } from ', 'type { A } from ']) {
      expect(floorViolations(tree({ [from]: `import ${clause}'../${to}'` }))).toEqual(expected)
    }
  })
})

describe('Inside server/', () => {
  it('calls go downwards', () => {
    expect(serverFloorViolations(source)).toEqual([])
  })

  it.each([
    ['server/deliver.ts', 'server/publish.ts'],
    ['server/outbox.ts', 'server/connection.ts'],
    ['server/channels/channel.ts', 'server/handlers/subscribe.ts'],
    ['server/handlers/ping.ts', 'server/receive.ts'],
    ['server/frame.ts', 'server/transport.ts'],
    ['server/attach.ts', 'server/server.ts'],
  ])('a call from %s up to %s is caught', (from, to) => {
    const way = path.posix.relative(path.posix.dirname(from), to)
    const specifier = way.startsWith('.') ? way : `./${way}`
    expect(serverFloorViolations(tree({ [from]: `import { a } from '${specifier}'` }))).toEqual([
      `${from} must not import ${to}: inside server/ calls go downwards`,
    ])
    expect(serverFloorViolations(tree({ [from]: `import type { A } from '${specifier}'` }))).toEqual([])
  })
})

describe('Imports', () => {
  it('form no cycle at run time', () => {
    expect(cycleViolations(source)).toEqual([])
    const circle = { 'a.ts': `import './b.ts'`, 'b.ts': `export * from './c.ts'` }
    expect(cycleViolations(tree({ ...circle, 'c.ts': `import { a } from './a.ts'` }))).toEqual([
      'a.ts → b.ts → c.ts → a.ts',
    ])
    expect(cycleViolations(tree({ ...circle, 'c.ts': `import('./b.ts')` }))).toEqual(['b.ts → c.ts → b.ts'])
    expect(cycleViolations(tree({ ...circle, 'c.ts': `import type { A } from './a.ts'` }))).toEqual([])
  })

  it('take a package only in the file that exists for it', () => {
    expect(packageViolations(source)).toEqual([])
    const files = { 'server/transports/ws.ts': `import 'ws'`, 'react/use-event.ts': `import 'react'` }
    expect(packageViolations(tree(files))).toEqual([])
    expect(
      packageViolations(
        tree({ 'server/server.ts': `import type { WebSocket } from 'ws'`, 'cli/main.ts': `import 'chalk'` }),
      ),
    ).toEqual([
      'server/server.ts must not import ws: server/transports/ws.ts, testing/protocol-client.ts may',
      'cli/main.ts must not import chalk: no file may',
    ])
  })

  it('bring nothing into the browser that cannot run there', () => {
    expect(browserViolations(source)).toEqual([])
    const protocol = {
      'protocol/names.ts': '',
      'protocol/signature.ts': `import { createHmac } from 'node:crypto'`,
      'protocol/rest.ts': `import { z } from 'zod'`,
    }
    const client = (text: string) => browserViolations(tree({ ...protocol, 'client/a.ts': text }))
    expect(
      client(`import '../protocol/names.ts'; import type { A } from '../protocol/signature.ts'`),
    ).toEqual([])
    expect(client(`import '../protocol/signature.ts'; import '../protocol/rest.ts'`)).toEqual([
      'client/a.ts → protocol/signature.ts → node:crypto is not for browsers',
      'client/a.ts → protocol/rest.ts → zod is not for browsers',
    ])
  })

  it('pass by no barrel: index.ts stands only at a door', () => {
    expect(barrelViolations(source, doors)).toEqual([])
    expect(barrelViolations(tree({ 'server/index.ts': '', 'server/api/index.ts': '' }), doors)).toEqual([
      'server/api/index.ts is no door of the package',
    ])
  })

  it('never bring both meanings of Channel into one file', () => {
    expect(channelViolations(source)).toEqual([])
    const text = `import '../broadcasting/channel.ts'; import '../server/channels/channel.ts'`
    expect(channelViolations(tree({ 'testing/a.ts': text }))).toHaveLength(1)
  })
})

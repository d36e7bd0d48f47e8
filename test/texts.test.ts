import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import packageJson from '../package.json' with { type: 'json' }
import { broadcastingSettings } from '../src/broadcasting/config.ts'
import { httpSettings, pusherSettings } from '../src/broadcasting/http/settings.ts'
import { addressSettings } from '../src/protocol/address.ts'
import { appSettings, serverSettings } from '../src/server/settings.ts'
import type { Setting } from '../src/support/settings.ts'
import { ensureBuilt, root } from './support/built.ts'
import { type Text, textsOf } from './support/texts.ts'

// What an editor shows at the names of the package: each rule is asked twice, of the doors and of a made-up file that breaks it.

const doors = Object.entries(packageJson.exports).flatMap(([door, target]) =>
  typeof target === 'object' ? [{ door, file: path.join(root, target.types) }] : [],
)

let texts: ReadonlyMap<string, readonly Text[]>

beforeAll(() => {
  ensureBuilt()
  texts = textsOf(doors.map(({ file }) => file))
}, 60_000)

/** The names that a door exports, with their members. */
function namesOf(door: string): readonly Text[] {
  return texts.get(doors.find((candidate) => candidate.door === door)?.file ?? '') ?? []
}

/** Names without a text. */
const silent = (names: readonly Text[]) => names.filter(({ text }) => text === '').map(({ name }) => name)

/** Options that an editor cannot tell about. */
const undeclared = (names: readonly Text[]) =>
  names.filter(({ optional, declared }) => optional && !declared).map(({ name }) => name)

/** Options whose default is not said. */
const unsaid = (names: readonly Text[]) =>
  names
    .filter(({ name, optional }) => optional && /(Options|Config|Settings|Props)\./.test(name))
    .filter(({ fallback }) => fallback === undefined)
    .map(({ name }) => name)

describe('The door', () => {
  it.each(doors)('$door says of every name and every public member what it is for', ({ door }) => {
    expect(namesOf(door)).not.toEqual([])
    expect(silent(namesOf(door))).toEqual([])
  })

  it.each(doors)('$door declares each option where it is described', ({ door }) => {
    expect(undeclared(namesOf(door))).toEqual([])
  })

  it.each(doors)('$door says what holds where an option is left out', ({ door }) => {
    expect(unsaid(namesOf(door))).toEqual([])
  })
})

describe('The options of', () => {
  const { reverbServer: _, ...inCode } = broadcastingSettings
  const tables: [door: string, type: string, settings: Readonly<Record<string, Setting<unknown>>>][] = [
    ['./server', 'ReverbServerOptions', serverSettings],
    ['./server', 'AppOptions', appSettings],
    ['./server', 'ServerConfig', serverSettings],
    ['./server', 'App', appSettings],
    ['.', 'RemoteServer', addressSettings],
    ['.', 'BroadcastManagerConfig', inCode],
    ['.', 'BroadcastingConfig', inCode],
    ['.', 'ConnectionConfig', { ...httpSettings, ...pusherSettings }],
  ]

  it.each(tables)('%s › %s have the words and the defaults of the settings', (door, type, settings) => {
    const shown = Object.keys(settings).map((name) => {
      const member = namesOf(door).find((candidate) => candidate.name === `${type}.${name}`)
      return { name, text: member?.text, fallback: member?.fallback }
    })
    const expected = Object.entries(settings).map(([name, { env, aliases, fallback, meaning }]) => {
      const variables = [env, ...aliases].map((variable) => `\`${variable}\``).join(' or ')
      return { name, text: `${meaning}. In the environment: ${variables}.`, fallback: literal(fallback) }
    })
    expect(shown).toEqual(expected)
  })
})

describe('In a made-up file', () => {
  /** What a file exports whose source is this. */
  function namesIn(source: string): readonly Text[] {
    const folder = mkdtempSync(path.join(tmpdir(), 'texts-'))
    const file = path.join(folder, 'made-up.d.ts')
    try {
      writeFileSync(file, source)
      return textsOf([file]).get(file) ?? []
    } finally {
      rmSync(folder, { recursive: true })
    }
  }

  it('names and members without a text are caught', () => {
    const names = namesIn(`
      export declare function silent(): void
      /** A class. */
      export declare class Speaking {
        #private
        static make(): Speaking
        /** Ends it. */
        close(): void
        open(): void
      }
      /** A union. */
      export type Either =
        | {
            /** Which. */
            kind: 'a'
          }
        | { kind: 'b' }
      /** An object. */
      export declare const tools: { hammer: number }`)
    expect(silent(names)).toEqual(['silent', 'Speaking.open', 'Speaking.make', 'Either.kind', 'tools.hammer'])
  })

  it('options of a mapped type and those without a default are caught', () => {
    const names = namesIn(`
      interface Values {
        /**
         * Seconds
         * to wait.
         * @default 1
         */
        wait: number
      }
      /** Options. */
      export interface Options extends Partial<Values> {
        /** Tries. */
        tries?: number
      }`)
    expect(undeclared(names)).toEqual(['Options.wait'])
    expect(unsaid(names)).toEqual(['Options.tries'])
    expect(names).toContainEqual(
      expect.objectContaining({ name: 'Options.wait', text: 'Seconds to wait.', fallback: '1' }),
    )
  })
})

/** A default as it is written in code. */
function literal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`
  if (value === undefined) return 'none'
  return typeof value === 'string' ? `'${value}'` : String(value)
}

import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Checklist, proofsIn, readChecklist, unknown, unproven } from '../scripts/lib/checklist.mjs'
import { sdkPart, testPart, withPart } from '../scripts/lib/conformance.mjs'
import type { TestResult } from '../scripts/lib/vitest.mjs'

const root = path.resolve(import.meta.dirname, '..')

// `npm test` compares docs/conformance.md with its own run when that is over; here is what it compares by.

const checklist: Checklist = {
  groups: {
    Doors: { C1: 'Opens.', C2: 'Shuts.' },
    Windows: { C3: 'Lets light in.', C4: 'Is seen from next door.' },
  },
  ofTwoNodes: ['C4'],
  partlyOfTwoNodes: ['C2'],
}

/** A test as Vitest reports it. */
function test(title: string, more: Partial<TestResult> = {}): TestResult {
  return { title, ancestorTitles: [], status: 'passed', location: null, ...more }
}

/** What tests prove that stand in files by these names. */
function proofsOf(files: Record<string, TestResult[]>) {
  const testResults = Object.entries(files).map(([name, assertionResults]) => ({
    name: path.join(root, name),
    status: 'passed',
    assertionResults,
  }))
  return proofsIn({ testResults })
}

describe('The checklist', () => {
  const { groups, ofTwoNodes, partlyOfTwoNodes } = readChecklist()
  const numbers = Object.values(groups).flatMap((statements) => Object.keys(statements))

  it('has the statements C1 to C179, in order', () => {
    expect(numbers).toEqual(Array.from({ length: 179 }, (_, index) => `C${index + 1}`))
  })

  it('says something in each, once', () => {
    const texts = Object.values(groups).flatMap((statements) => Object.values(statements))
    for (const text of texts) expect(text).toMatch(/^\S.+\.$/)
    expect(new Set(texts).size).toBe(texts.length)
  })

  it('lets only statements of its own wait for a second node, wholly or in part', () => {
    const waiting = [...ofTwoNodes, ...partlyOfTwoNodes]
    expect(numbers).toEqual(expect.arrayContaining(waiting))
    expect(new Set(waiting).size).toBe(waiting.length)
  })
})

describe('A test', () => {
  it('holds the statements with whose numbers its title begins', () => {
    const proofs = proofsOf({
      'test/a.test.ts': [test('C1, C2 C3: a door'), test('sees C4'), test('C4x is none')],
    })
    expect([...proofs.keys()]).toEqual(['C1', 'C2', 'C3'])
  })

  it('holds those with which the title of its group begins, and says so in one sentence', () => {
    const proofs = proofsOf({
      'test/a.test.ts': [test('C2 shuts', { ancestorTitles: ['C1 a door', 'of oak'] })],
    })
    const proof = { file: 'test/a.test.ts', says: 'a door of oak shuts', cases: 1 }
    expect(proofs).toEqual(
      new Map([
        ['C1', [proof]],
        ['C2', [proof]],
      ]),
    )
  })

  it('is counted with the other cases of its table', () => {
    const location = { line: 7 }
    const proofs = proofsOf({
      'test/a.test.ts': [
        test('C1 opens 1', { location }),
        test('C1 opens 2', { location }),
        test('C1 C2 opens and shuts', { location }),
        test('C1 shuts'),
      ],
    })
    expect(proofs.get('C1')).toMatchObject([
      { says: 'opens 1', cases: 2 },
      { says: 'opens and shuts', cases: 1 },
      { says: 'shuts', cases: 1 },
    ])
  })

  it.each(['failed', 'skipped', 'todo'])('that is %s holds nothing', (status) => {
    expect(proofsOf({ 'test/a.test.ts': [test('C1 opens', { status })] }).size).toBe(0)
  })
})

describe('The run of all tests', () => {
  it('must hold every statement that one node can show', () => {
    const proofs = proofsOf({ 'test/a.test.ts': [test('C1 opens'), test('C3 lets light in')] })
    expect(unproven(checklist, proofs)).toEqual([expect.stringContaining('C2: Shuts.')])
  })

  it('must not name statements that do not exist', () => {
    const proofs = proofsOf({ 'test/a.test.ts': [test('C1 opens'), test('C5 is nothing')] })
    expect(unknown(checklist, proofs)).toEqual([expect.stringMatching(/test\/a\.test\.ts begins with C5\b/)])
  })
})

describe('The page', () => {
  const proofs = proofsOf({
    'test/b.test.ts': [test('C2 `shuts`\n*fast* on __proto__, not on a_b'), test('C4 is seen')],
    'test/a.test.ts': [
      test('C2 shuts 1', { location: { line: 7 } }),
      test('C2 shuts 2', { location: { line: 7 } }),
      test(`C3 ${'x'.repeat(500)}`),
    ],
  })

  it('lists statements in their groups with their tests, and those of two nodes at the end', () => {
    expect(testPart(checklist, proofs)).toBe(`### Doors

- **C1** Opens.
- **C2** Shuts. *What it says of other nodes waits.*
  - \`test/a.test.ts\`: shuts 1 (2 cases)
  - \`test/b.test.ts\`: \\\`shuts\\\` \\*fast\\* on \\_\\_proto\\_\\_, not on a_b

### Windows

- **C3** Lets light in.
  - \`test/a.test.ts\`: ${'x'.repeat(160)}…

### Waiting for a second node

- **C4** Is seen from next door.
  - \`test/b.test.ts\`: is seen
`)
  })

  it('lists of the SDKs what they hold', () => {
    const held = proofsOf({ 'test/sdks/a.test.ts': [test('C3 lets light in')] })
    expect(sdkPart(checklist, held)).toBe(`- **C3** Lets light in.
  - \`test/sdks/a.test.ts\`: lets light in
`)
  })

  it('keeps what people wrote around a part', () => {
    const page = '# Title\n<!-- begin a -->\nold\n<!-- end a -->\nafter\n'
    const renewed = withPart(page, 'a', '$& new')
    expect(renewed).toBe('# Title\n<!-- begin a -->\n\n$& new\n<!-- end a -->\nafter\n')
    expect(withPart(renewed, 'a', '$& new')).toBe(renewed)
    expect(() => withPart(page, 'b', 'new')).toThrow('lost the comments around its part "b"')
  })
})

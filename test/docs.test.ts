import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import packageJson from '../package.json' with { type: 'json' }
import { referencePages } from '../scripts/lib/reference.ts'
import { filesOf, untruths, type WalkSource } from './support/walk.ts'

const root = path.resolve(import.meta.dirname, '..')

describe('The reference', () => {
  it.each([...referencePages()])(
    '%s says what the source says; `npm run docs` writes it anew',
    (file, content) => {
      const target = path.join(root, file)
      expect(existsSync(target) ? readFileSync(target, 'utf8') : '').toBe(content)
    },
  )
})

describe('The links of the pages', () => {
  const pages = [
    'README.md',
    'CHANGELOG.md',
    'bench/README.md',
    'examples/orders/README.md',
    'examples/scaling-redis/README.md',
    'docs/guide.md',
    'docs/conformance.md',
    'docs/hot-path.md',
    'docs/performance.md',
    'docs/scaling.md',
  ]

  it.each(pages)('%s points to files and headings that exist', (page) => {
    const dead = linksOf(page).filter((link) => !/^https?:/.test(link) && !leadsSomewhere(page, link))
    expect(dead).toEqual([])
  })

  /** What npm puts into the package whatever `files` says. */
  const always = ['README.md', 'LICENSE', 'package.json']
  const isShipped = (file: string) =>
    [...always, ...packageJson.files].some((shipped) => file === shipped || file.startsWith(`${shipped}/`))

  it.each(pages.filter(isShipped))('%s points to nothing that the package does not ship', (page) => {
    const left = linksOf(page)
      .filter((link) => !/^(https?:|#)/.test(link))
      .map((link) => path.posix.join(path.posix.dirname(page), link.replace(/#.*/, '')))
    expect(left.filter((file) => !isShipped(file))).toEqual([])
  })
})

describe('The walk along the hot path', () => {
  const page = readFileSync(path.join(root, 'docs/hot-path.md'), 'utf8')

  it('names only what the source declares, each where it says', () => {
    const configuration = readFileSync(path.join(root, 'docs/reference/configuration.md'), 'utf8')
    // Of JavaScript, Node, the application side and this project's own commands.
    const others = ['async', 'try', 'catch', 'emit', 'setImmediate', 'broadcast()', 'src/', 'npm run bench']
    const isKnown = (name: string) => others.includes(name) || configuration.includes(`\`${name}\``)
    expect(untruths(page, { read: sourceOf, isKnown })).toEqual([])
  })

  it('passes every file whose first line says that it belongs to it', () => {
    const hot = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && sourceOf(file)?.startsWith('// Hot path'))
      .map((file) => file.replaceAll(path.sep, '/'))
    expect(hot).toContain('server/outbox.ts')
    expect(filesOf(page)).toEqual(expect.arrayContaining(hot))
  })

  describe('through a made-up source', () => {
    const files: Readonly<Record<string, string>> = {
      'a.ts': 'export function createPublish() { return function publish() {} }',
      'b.ts': 'class Box { #root = 1; add() {} }\nconst removed = "Box.remove"',
    }
    const source: WalkSource = { read: (file) => files[file], isKnown: (name) => name === 'async' }

    it.each([
      '**`publish`** (`a.ts`) calls `Box.add` and `Box.#root`, in `b.ts`, and is not `async`.',
      'See `a.ts`.\n\n```\npublish (and nothing else)\n```',
    ])('may say %j', (text) => {
      expect(untruths(text, source)).toEqual([])
    })

    it.each([
      ['**`publish`** (`c.ts`)', ['There is no c.ts', 'No file of the page declares publish']],
      ['**`publish`** (`b.ts`), and `a.ts`', ['b.ts does not declare publish']],
      ['**`publish`** and **`Box`** (`b.ts`), and `a.ts`', ['b.ts does not declare publish']],
      ['**`publish`** comes first.\n\n`a.ts`', ['Where publish is, is not said']],
      ['`Box.remove` in `b.ts`', ['No file of the page declares Box.remove']],
      ['`add` in `b.ts`', ['No file of the page declares add']],
      ['In `a.ts`:\n\n```\npublish → Box.add\n```', ['No file of the page declares Box.add']],
    ])('is caught where it says %j', (text, expected) => {
      expect(untruths(text, source)).toEqual(expected)
    })
  })
})

/** Where the links of a page go, as they are written. */
function linksOf(page: string): string[] {
  const text = readFileSync(path.join(root, page), 'utf8')
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, to]) => to ?? '')
}

/** The text of a file below `src/`, or undefined when there is none. */
function sourceOf(file: string): string | undefined {
  const target = path.join(root, 'src', file)
  return existsSync(target) ? readFileSync(target, 'utf8') : undefined
}

/** Whether a relative link of a page names a file, and a heading of it where it names one. */
function leadsSomewhere(page: string, link: string): boolean {
  const [file = '', heading] = link.split('#')
  const target = file === '' ? path.join(root, page) : path.join(root, path.dirname(page), file)
  if (!existsSync(target) || heading === undefined) return existsSync(target)
  const headings = [...readFileSync(target, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  )
  return headings.includes(heading)
}

import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { referencePages } from '../scripts/lib/reference.ts'

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
    'docs/guide.md',
    'docs/conformance.md',
    'docs/performance.md',
  ]

  it.each(pages)('%s points to files and headings that exist', (page) => {
    const links = [...readFileSync(path.join(root, page), 'utf8').matchAll(/\]\(([^)\s]+)\)/g)].map(
      ([, to]) => to ?? '',
    )
    const dead = links.filter((link) => !/^https?:/.test(link) && !leadsSomewhere(page, link))
    expect(dead).toEqual([])
  })
})

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

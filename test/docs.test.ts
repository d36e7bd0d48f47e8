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

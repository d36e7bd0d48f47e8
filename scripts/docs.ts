// npm run docs: writes the reference pages that are made from the source.
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { referencePages } from './lib/reference.ts'

for (const [file, content] of referencePages()) {
  const target = path.resolve(import.meta.dirname, '..', file)
  mkdirSync(path.dirname(target), { recursive: true })
  writeFileSync(target, content)
  console.log(`docs: ${file}`)
}

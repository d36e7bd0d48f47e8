import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'

/** The package's own folder. */
export const root = path.resolve(import.meta.dirname, '../..')

/** Builds `dist/` where it is missing or older than a file of `src/`: `npm test` has built it, a run by hand may not have. */
export function ensureBuilt(): void {
  const door = path.join(root, 'dist/index.js')
  if (existsSync(door) && statSync(door).mtimeMs >= lastChange()) return
  execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: root, stdio: 'inherit' })
}

/** When a file of `src/` that is compiled was changed last. */
function lastChange(): number {
  const source = path.join(root, 'src')
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  const compiled = files.filter((file) => /(?<!\.test)\.tsx?$/.test(file))
  return Math.max(...compiled.map((file) => statSync(path.join(source, file)).mtimeMs))
}

import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'

/** The package's own folder. */
export const root = path.resolve(import.meta.dirname, '../..')

/** Builds `dist/` when there is none; `npm test` has built it already, so only a single test file run by hand does. */
export function ensureBuilt(): void {
  if (existsSync(path.join(root, 'dist/index.js'))) return
  execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: root, stdio: 'inherit' })
}

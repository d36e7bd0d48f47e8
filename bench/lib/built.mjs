import { readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { root, runAll } from '../../scripts/lib/run.mjs'

/** Builds `dist/` when something in `src/` is newer, so that what is measured is what stands there. */
export async function ensureBuilt() {
  const built = statSync(path.join(root, 'dist/cli/main.js'), { throwIfNoEntry: false })?.mtimeMs ?? 0
  const sources = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' })
  const changed = sources.some((file) => statSync(path.join(root, 'src', file)).mtimeMs > built)
  if (changed) await runAll(['node', 'scripts/build.mjs'])
}

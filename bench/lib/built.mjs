import { runAll } from '../../scripts/lib/run.mjs'

/** Builds `dist/`, so that what is measured is what stands in `src/`. */
export async function ensureBuilt() {
  await runAll(['node', 'scripts/build.mjs'])
}

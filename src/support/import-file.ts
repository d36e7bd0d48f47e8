import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ConfigurationError, messageOf } from './errors.ts'

/**
 * The default export of a module, or the content of a JSON file. Rejects with a {@link ConfigurationError} when the
 * file cannot be read, or is TypeScript and the running Node has no way to import that.
 */
export async function importFile(path: string): Promise<unknown> {
  try {
    if (extname(path) === '.json') return JSON.parse(await readFile(path, 'utf8'))
    const module: { default?: unknown } = await import(pathToFileURL(path).href)
    return module.default
  } catch (thrown) {
    throw new ConfigurationError(`${path} cannot be loaded: ${adviceFor(path, thrown)}`, { cause: thrown })
  }
}

function adviceFor(path: string, thrown: unknown): string {
  if (!existsSync(path)) return 'no such file'
  if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ERR_UNKNOWN_FILE_EXTENSION') {
    return `Node ${process.versions.node} does not import TypeScript; start it with a loader such as tsx, or use .js`
  }
  return messageOf(thrown)
}

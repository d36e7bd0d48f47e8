import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { root } from './built.ts'

/** The files that a page shows: TypeScript blocks whose first line is a comment with a path. */
export async function snippetsOf(page: string): Promise<Map<string, string>> {
  const text = await readFile(path.join(root, page), 'utf8')
  const files = new Map<string, string>()
  for (const [, code = ''] of text.matchAll(/^```tsx?\n(.*?)^```$/gms)) {
    const [, file] = /^\/\/ (\S+\.tsx?)$/m.exec(code.split('\n', 1)[0] ?? '') ?? []
    if (file === undefined) throw new Error(`${page}: a block does not say which file it is:\n${code}`)
    if (files.has(file)) throw new Error(`${page}: ${file} is shown twice`)
    files.set(file, code)
  }
  return files
}

/** Writes them into a folder inside the package, so that its own name resolves; returns the folder. */
export async function writeSnippets(name: string, files: ReadonlyMap<string, string>): Promise<string> {
  const folder = path.join(root, '.tmp', name)
  await rm(folder, { recursive: true, force: true })
  for (const [file, code] of files) {
    await mkdir(path.join(folder, path.dirname(file)), { recursive: true })
    await writeFile(path.join(folder, file), code)
  }
  // As a bundler resolves it: what a page shows is for browsers too, where pusher-js is a class.
  const compilerOptions = { module: 'preserve', moduleResolution: 'bundler', noUnusedLocals: false }
  const config = { extends: '../../tsconfig.json', include: ['.'], compilerOptions }
  await writeFile(path.join(folder, 'tsconfig.json'), JSON.stringify(config))
  return folder
}

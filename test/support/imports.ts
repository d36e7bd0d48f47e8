import { readdirSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import path from 'node:path'
import { parseSync, Visitor } from 'vite'

/** One import, re-export, `import()` or `import('…')` type of a file. */
export interface Import {
  /** A file of the tree by its path in it, a module of Node as `node:fs`, or a package by its name. */
  readonly to: string
  readonly kind: 'file' | 'node' | 'package'
  /** Nothing of it is left at run time. */
  readonly typeOnly: boolean
}

/** What each file of a tree imports, by the file's path in it. */
export type Graph = ReadonlyMap<string, readonly Import[]>

/** The imports of every TypeScript file below the folder, its unit tests left out. */
export function readGraph(folder: string): Graph {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll(path.sep, '/'))
    .filter((file) => /\.tsx?$/.test(file) && !/\.test\.tsx?$/.test(file))
  return new Map(files.map((file) => [file, importsOf(file, readFileSync(path.join(folder, file), 'utf8'))]))
}

/** The imports of one file, from its source. */
export function importsOf(file: string, source: string): Import[] {
  const { program, errors } = parseSync(file, source)
  if (errors.length > 0) throw new Error(`${file} cannot be parsed: ${errors[0]?.message}`)
  const found: Import[] = []
  const add = (specifier: string, typeOnly: boolean) => found.push(classify(file, specifier, typeOnly))
  new Visitor({
    ImportDeclaration: ({ source, importKind }) => add(source.value, importKind === 'type'),
    ExportAllDeclaration: ({ source, exportKind }) => add(source.value, exportKind === 'type'),
    ExportNamedDeclaration: ({ source, exportKind }) => source && add(source.value, exportKind === 'type'),
    // A path that is computed leads out of the tree, as to an app's own routes/channels.js.
    ImportExpression: ({ source }) =>
      source.type === 'Literal' && typeof source.value === 'string' && add(source.value, false),
    TSImportType: ({ source }) => add(source.value, true),
  }).visit(program)
  return found
}

function classify(from: string, specifier: string, typeOnly: boolean): Import {
  if (specifier.startsWith('.'))
    return { to: path.posix.join(path.posix.dirname(from), specifier), kind: 'file', typeOnly }
  if (isBuiltin(specifier)) return { to: `node:${specifier.replace(/^node:/, '')}`, kind: 'node', typeOnly }
  return { to: packageOf(specifier), kind: 'package', typeOnly }
}

/** The package of a specifier: `@scope/name` of `@scope/name/door`. */
function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}

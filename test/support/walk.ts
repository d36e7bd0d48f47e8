import { declarationsOf } from './declarations.ts'

/** What a walk through the source may speak of. */
export interface WalkSource {
  /** The text of a file by its path below `src/`, or undefined when there is none. */
  readonly read: (file: string) => string | undefined
  /** Whether a name in code is one that the source need not declare. */
  readonly isKnown: (name: string) => boolean
}

/**
 * What a page says of the source and is not so, as sentences. A name in bold code is declared in the file that is named
 * next; any other name in code, also in a drawing, in one of the files of the page.
 */
export function untruths(page: string, { read, isKnown }: WalkSource): string[] {
  const prose = page.replace(/^```\n.*?^```$/gms, '')
  const files = new Map(
    namesOf(prose)
      .filter(isFile)
      .map((file) => [file, declaredIn(file, read(file))]),
  )
  const missing = [...files].filter(([, declared]) => declared === undefined)
  const everything = new Set([...files.values()].flatMap((declared) => [...(declared ?? [])]))
  const found = [
    ...missing.map(([file]) => `There is no ${file}`),
    ...misplaced(prose, files),
    ...[...namesOf(prose).filter((name) => !isFile(name)), ...drawnNames(page)]
      .filter((name) => !everything.has(name) && !isKnown(name))
      .map((name) => `No file of the page declares ${name}`),
  ]
  return [...new Set(found)]
}

/** The files of a page that are named in code. */
export function filesOf(page: string): string[] {
  return namesOf(page).filter(isFile)
}

function misplaced(prose: string, files: ReadonlyMap<string, ReadonlySet<string> | undefined>): string[] {
  const found: string[] = []
  for (const paragraph of prose.split(/\n\n+|\n(?=\d+\. )/)) {
    let waiting: string[] = []
    for (const [, bold, plain = ''] of paragraph.matchAll(/\*\*`([^`\n]+)`\*\*|`([^`\n]+)`/g)) {
      if (bold !== undefined) waiting.push(bold)
      if (!isFile(plain)) continue
      const absent = waiting.filter((name) => files.get(plain)?.has(name) === false)
      found.push(...absent.map((name) => `${plain} does not declare ${name}`))
      waiting = []
    }
    found.push(...waiting.map((name) => `Where ${name} is, is not said`))
  }
  return found
}

function declaredIn(file: string, source: string | undefined): ReadonlySet<string> | undefined {
  return source === undefined ? undefined : declarationsOf(file, source)
}

/** What stands in code. */
function namesOf(text: string): string[] {
  return [...text.matchAll(/`([^`\n]+)`/g)].map(([, name = '']) => name)
}

/** The names in the drawings; what stands there in brackets is said in words. */
function drawnNames(page: string): string[] {
  return [...page.matchAll(/^```\n(.*?)^```$/gms)].flatMap(
    ([, drawing = '']) => drawing.replace(/\(.*?\)/g, '').match(/[\w.#]+/g) ?? [],
  )
}

function isFile(name: string): boolean {
  return name.endsWith('.ts')
}

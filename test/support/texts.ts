import { API, type Checker, type Symbol as Name, SymbolFlags } from 'typescript/unstable/sync'

/** A name that a declaration file exports, or a member of one, with what an editor says about it. */
export interface Text {
  /** `ReverbServer`, or `ReverbServer.listen`. */
  readonly name: string
  /** Empty where there is none. */
  readonly text: string
  /** Text of the `@default`. */
  readonly fallback: string | undefined
  /** It may be left out. */
  readonly optional: boolean
  /** It stands in a class or an interface: TypeScript 7.0 shows no text of what a mapped type such as `Partial` makes. */
  readonly declared: boolean
}

/** The texts of every exported name and its public members, by file; what a package of others declares is left out. */
export function textsOf(files: readonly string[]): ReadonlyMap<string, readonly Text[]> {
  // A project of their own: that of this package has examples in it, whose events would be among the members.
  const api = new API({ fs: { fileExists: (file) => (file.endsWith('tsconfig.json') ? false : undefined) } })
  try {
    const snapshot = api.updateSnapshot({ openFiles: [...files] })
    return new Map(
      files.map((file) => {
        const project = snapshot.getDefaultProjectForFile(file)
        const source = project?.program.getSourceFile(file)
        const door = source && project?.checker.getSymbolAtLocation(source)
        if (!project || !door) throw new Error(`${file} is no module`)
        return [file, exportedTexts(project.checker, door)]
      }),
    )
  } finally {
    api.close()
  }
}

function exportedTexts(checker: Checker, door: Name): Text[] {
  return checker.getExportsOfModule(door).flatMap((exported) => {
    const { name } = exported
    const original = exported.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported
    const members = membersOf(checker, original)
      .filter(isPublic)
      .map((member) => textOf(checker, member, `${name}.${member.name}`))
    return [textOf(checker, original, name), ...members]
  })
}

function textOf(checker: Checker, symbol: Name, name: string): Text {
  return {
    name,
    text: inOneLine(checker.getDocumentationCommentOfSymbol(symbol)),
    fallback: checker
      .getJsDocTagsOfSymbol(symbol)
      .filter((tag) => tag.name === 'default')
      .map((tag) => inOneLine(tag.text ?? ''))[0],
    optional: (symbol.flags & SymbolFlags.Optional) !== 0,
    declared: symbol.valueDeclaration !== undefined,
  }
}

/** Properties and methods: of an object, of the objects of a class and of the class itself, of each kind of a union. */
function membersOf(checker: Checker, symbol: Name): Name[] {
  const { flags } = symbol
  if (flags & SymbolFlags.Variable) {
    const type = checker.getTypeOfSymbol(symbol)
    return type === undefined ? [] : [...checker.getPropertiesOfType(type)]
  }
  if (!(flags & (SymbolFlags.Class | SymbolFlags.Interface | SymbolFlags.TypeAlias))) return []
  const type = checker.getDeclaredTypeOfSymbol(symbol)
  const kinds = type.isUnionType() ? type.getTypes() : [type]
  return [...kinds.flatMap((kind) => checker.getPropertiesOfType(kind)), ...symbol.getExports().values()]
}

/** Neither `#private` nor declared by another package. */
function isPublic({ name, flags, declarations }: Name): boolean {
  if (name.includes('#') || flags & SymbolFlags.Prototype) return false
  return declarations.some(({ path }) => !path.includes('/node_modules/'))
}

function inOneLine(text: string): string {
  return text.trim().replaceAll(/\s+/g, ' ')
}

import { type ESTree, parseSync, Visitor } from 'vite'

/** What a file declares, exported or not: `name` at any depth, and `Type.member` or `Type.#member` of classes and interfaces. */
export function declarationsOf(file: string, source: string): ReadonlySet<string> {
  const { program, errors } = parseSync(file, source)
  if (errors.length > 0) throw new Error(`${file} cannot be parsed: ${errors[0]?.message}`)
  const found = new Set<string>()
  const add = ({ id }: { id: { name: string } | null }) => id !== null && found.add(id.name)
  new Visitor({
    FunctionDeclaration: add,
    FunctionExpression: add,
    TSTypeAliasDeclaration: add,
    VariableDeclarator: ({ id }) => id.type === 'Identifier' && found.add(id.name),
    ClassDeclaration: (node) => {
      add(node)
      for (const member of node.body.body) {
        if ('key' in member) found.add(`${node.id?.name}.${nameOf(member.key)}`)
      }
    },
    TSInterfaceDeclaration: (node) => {
      add(node)
      for (const member of node.body.body) {
        if ('key' in member) found.add(`${node.id.name}.${nameOf(member.key)}`)
      }
    },
  }).visit(program)
  return found
}

function nameOf(key: ESTree.PropertyKey): string | undefined {
  if (key.type === 'PrivateIdentifier') return `#${key.name}`
  return key.type === 'Identifier' ? key.name : undefined
}

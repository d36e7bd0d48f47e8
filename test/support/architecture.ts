import type { Graph, Import } from './imports.ts'

// Each rule takes a graph and returns its violations as sentences; none when the graph keeps the rule.

/** Folders and files of the tree, by floor: a file may import its own folder and the floors below it. */
const floors = [
  'support',
  'foundation protocol',
  'broadcasting server client',
  'integrations reverb-provider testing react',
  'cli dashboard index',
].map(words)

/** The same for what is called inside server/, where types may name their neighbours. */
const serverFloors = [
  'adapter apps config errors forwarded frame grace lifecycle metrics publishable query rate-limiter scaling-options server-options settings shown trace transitions unawaited',
  'transport',
  'outbox',
  'connection',
  'channels users',
  'deliver',
  'publish',
  'counts handlers release',
  'adapters api attach client-options cluster connect connect-gate drain fastify-plugin heartbeat put-back receive refusal refusal-log standalone transports webhooks',
  'assemble-protocol',
  'assemble',
  'server',
  'index',
].map(words)

/** Files that may import a package; everywhere else a small interface describes the part of it that is needed. */
const homes: Readonly<Record<string, readonly string[]>> = {
  '@nats-io/jetstream': ['server/adapters/nats/library.ts'],
  '@nats-io/transport-node': ['server/adapters/nats/library.ts'],
  '@noble/ciphers': ['protocol/encryption.ts'],
  commander: ['cli/main.ts'],
  fastify: ['integrations/fastify.ts'],
  'find-my-way': ['server/api/router.ts'],
  ioredis: ['server/adapters/redis/ioredis.ts'],
  pino: ['support/logger.ts'],
  'pusher-js': ['client/pusher.ts'],
  react: ['react/'],
  redis: ['server/adapters/redis/node-redis.ts'],
  ws: ['server/transports/ws.ts', 'testing/protocol-client.ts'],
  zod: [
    'support/settings.ts',
    'protocol/rest.ts',
    'server/api/parse-body.ts',
    'server/apps/app-options.ts',
    'server/scaling-options.ts',
    'server/settings.ts',
  ],
}

/** Packages that a page in a browser loads. */
const browserPackages = ['pusher-js', 'react']

/** Files that stand on no floor yet: whoever adds a folder decides what it may import. */
export function placeViolations(graph: Graph): string[] {
  return [...graph.keys()]
    .filter((file) => floorOf(file) < 0 || (isServer(file) && serverFloorOf(file) < 0))
    .map((file) => `${file} has no floor: give it one in the tables of architecture.ts`)
}

/** Imports that lead up or to a neighbour on the same floor; types count too. */
export function floorViolations(graph: Graph): string[] {
  return fileImports(graph)
    .filter(({ from, to }) => placeOf(from) !== placeOf(to) && floorOf(from) <= floorOf(to))
    .map(({ from, to }) => `${from} must not import ${to}: a floor imports only those below it`)
}

/** Imports inside server/ that lead up; types do not count, neighbours on the same floor may meet. */
export function serverFloorViolations(graph: Graph): string[] {
  return fileImports(graph)
    .filter(({ from, to, typeOnly }) => isServer(from) && isServer(to) && !typeOnly)
    .filter(({ from, to }) => serverFloorOf(from) < serverFloorOf(to))
    .map(({ from, to }) => `${from} must not import ${to}: inside server/ calls go downwards`)
}

/** Files that import one another in a circle at run time. */
export function cycleViolations(graph: Graph): string[] {
  const done = new Set<string>()
  const cycles: string[] = []
  const visit = (file: string, trail: readonly string[]) => {
    if (trail.includes(file)) cycles.push([...trail.slice(trail.indexOf(file)), file].join(' → '))
    if (trail.includes(file) || done.has(file)) return
    for (const { to } of filesLoadedBy(graph, file)) visit(to, [...trail, file])
    done.add(file)
  }
  for (const file of graph.keys()) visit(file, [])
  return cycles
}

/** Packages imported outside the file that exists for them; types count too. */
export function packageViolations(graph: Graph): string[] {
  return [...graph].flatMap(([from, imports]) =>
    imports
      .filter(({ kind, to }) => kind === 'package' && !homes[to]?.some((home) => from.startsWith(home)))
      .map(({ to }) => `${from} must not import ${to}: ${homes[to]?.join(', ') ?? 'no file'} may`),
  )
}

/** What a page in a browser would load and cannot run, with the way that leads to it. */
export function browserViolations(graph: Graph): string[] {
  const done = new Set<string>()
  const visit = (file: string, trail: readonly string[]): string[] => {
    if (done.has(file)) return []
    done.add(file)
    const way = [...trail, file]
    const loaded = (graph.get(file) ?? []).filter(({ typeOnly }) => !typeOnly)
    return loaded.flatMap(({ kind, to }) => {
      if (kind === 'file') return visit(to, way)
      return browserPackages.includes(to) ? [] : [`${[...way, to].join(' → ')} is not for browsers`]
    })
  }
  return [...graph.keys()]
    .filter((file) => ['client', 'react'].includes(placeOf(file)))
    .flatMap((file) => visit(file, []))
}

/** Files called `index.ts` that are no door of the package. */
export function barrelViolations(graph: Graph, doors: readonly string[]): string[] {
  return [...graph.keys()]
    .filter((file) => /(^|\/)index\.tsx?$/.test(file) && !doors.includes(file))
    .map((file) => `${file} is no door of the package`)
}

/** Files that know both meanings of `Channel`: the name an event goes to, and the live channel of the server. */
export function channelViolations(graph: Graph): string[] {
  const both = ['broadcasting/channel.ts', 'server/channels/channel.ts']
  return [...graph]
    .filter(([, imports]) => both.every((channel) => imports.some(({ to }) => to === channel)))
    .map(([file]) => `${file} must not import both ${both.join(' and ')}`)
}

function fileImports(graph: Graph): (Import & { readonly from: string })[] {
  return [...graph].flatMap(([from, imports]) =>
    imports.filter(({ kind }) => kind === 'file').map((found) => ({ from, ...found })),
  )
}

function filesLoadedBy(graph: Graph, file: string): Import[] {
  return (graph.get(file) ?? []).filter(({ kind, typeOnly }) => kind === 'file' && !typeOnly)
}

/** The folder or file that a floor is made of: `server` of `server/outbox.ts`, `index` of `index.ts`. */
function placeOf(file: string): string {
  return (file.split('/')[0] ?? file).replace(/\.tsx?$/, '')
}

function floorOf(file: string): number {
  return floors.findIndex((places) => places.includes(placeOf(file)))
}

function serverFloorOf(file: string): number {
  const place = placeOf(file.slice('server/'.length))
  return serverFloors.findIndex((places) => places.includes(place))
}

function isServer(file: string): boolean {
  return placeOf(file) === 'server'
}

function words(line: string): string[] {
  return line.split(' ')
}

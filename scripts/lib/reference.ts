import { broadcastingSettings } from '../../src/broadcasting/config.ts'
import { httpSettings, pusherSettings } from '../../src/broadcasting/http/settings.ts'
import { appsVariable } from '../../src/protocol/address.ts'
import { appSettings, serverSettings } from '../../src/server/settings.ts'
import type { Setting } from '../../src/support/settings.ts'

type Settings = Readonly<Record<string, Setting<unknown>>>

/** The generated pages, by their path in the package; `npm run docs` writes them and a test compares them. */
export function referencePages(): ReadonlyMap<string, string> {
  return new Map([['docs/reference/configuration.md', configurationPage()]])
}

function configurationPage(): string {
  const ofServer = Object.entries(serverSettings).filter(([name]) => !(name in appSettings))
  return `# Configuration

<!-- Made by \`npm run docs\` from the settings in src/; a test fails when the two differ. -->

Code wins over the environment, the environment over the defaults. Nothing is guessed: a value that is not allowed
stops the boot with an error that names the setting, the value (never a secret) and what is allowed. Durations may be
fractions. Lists are separated by commas in the environment and are arrays in code.

## Broadcasting

Which way events go, and who carries the server. A driver in code stands in the provider's configuration.

${table(broadcastingSettings, ['reverbServer'])}

## Sending to a server elsewhere

Driver \`reverb\` in a process without a server sends to \`REVERB_PUBLIC_*\` (below); the names in code are options of the
connection.

${table(httpSettings)}

Driver \`pusher\` sends to pusher.com or any compatible server; the names in code are options of the connection, which also
takes \`connectTimeout\`, \`timeout\` and \`info\` (counts to ask for with each event: \`subscription_count\`, \`user_count\`).

${table(pusherSettings)}

## Server

Options of \`new ReverbServer(options)\`, of the provider's \`server\`, and of the file that \`reverb start --config\` names.

${table(Object.fromEntries(ofServer))}

## Limits of an app

Given like the server's options, and in the environment for every app; an app of several may have its own.

${table(appSettings)}

\`${appsVariable}\` (in code \`apps\`) holds several apps instead of the default one: a JSON array of objects with \`id\`,
\`key\`, \`secret\` and, where they differ, limits by their names in code.
`
}

function table(settings: Settings, onlyInEnvironment: readonly string[] = []): string {
  const rows = Object.entries(settings).map(([name, { env, aliases, kind, fallback, meaning }]) => [
    [env, ...aliases].map(code).join(', also '),
    onlyInEnvironment.includes(name) ? '–' : code(name),
    shown(fallback),
    kind.allowed,
    meaning,
  ])
  return [['Variable', 'In code', 'Default', 'Allowed', 'Meaning'], Array(5).fill('---'), ...rows]
    .map((cells) => `| ${cells.map(escaped).join(' | ')} |`)
    .join('\n')
}

function shown(fallback: unknown): string {
  if (fallback === undefined) return 'none'
  const text = Array.isArray(fallback) ? fallback.join(',') : String(fallback)
  return text === '' ? 'empty' : code(text)
}

function code(text: string): string {
  return `\`${text}\``
}

function escaped(cell: string): string {
  return cell.replaceAll('|', '\\|')
}

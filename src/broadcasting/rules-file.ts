import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { importFile } from '../support/import-file.ts'
import { ChannelAuthorizer } from './channel-authorizer.ts'

/** What each file has registered: a module runs once in a process, yet every application needs its rules. */
const rulesByFile = new Map<string, ChannelAuthorizer>()

/**
 * Imports `routes/channels.js`, `.mjs` or `.ts`, the first that exists under the base path, so that it registers its
 * rules. Rejects when the file cannot be imported.
 */
export async function loadRules(basePath: string, authorizer: ChannelAuthorizer): Promise<void> {
  const file = ['.js', '.mjs', '.ts']
    .map((extension) => join(basePath, 'routes', `channels${extension}`))
    .find((candidate) => existsSync(candidate))
  if (file === undefined) return
  const known = rulesByFile.get(file)
  if (known !== undefined) return authorizer.addAll(known)
  const before = authorizer.size
  await importFile(file)
  const registered = new ChannelAuthorizer()
  registered.addAll(authorizer, before)
  rulesByFile.set(file, registered)
}

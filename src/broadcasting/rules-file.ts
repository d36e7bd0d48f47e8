import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { importFile } from '../support/import-file.ts'
import type { BroadcastManager } from './broadcast-manager.ts'
import { collect } from './current-manager.ts'
import type { Registrations } from './registrations.ts'

/** What each file registers: a module runs once in a process, yet every application needs its rules. */
const byFile = new Map<string, Promise<Registrations>>()

/**
 * Gives the manager the rules that `routes/channels.js`, `.mjs` or `.ts` registers, the first that exists under the base
 * path; resolves to where it looked, in words, for whoever finds no rule. Rejects when the file cannot be imported.
 */
export async function loadRules(basePath: string, manager: BroadcastManager): Promise<string> {
  const candidates = ['.js', '.mjs', '.ts'].map((extension) =>
    join(basePath, 'routes', `channels${extension}`),
  )
  const file = candidates.find((candidate) => existsSync(candidate))
  if (file === undefined) return `there is no ${candidates.join(', ')}`
  manager.adopt(await registrationsOf(file))
  return `${file} was loaded`
}

async function registrationsOf(file: string): Promise<Registrations> {
  const known = byFile.get(file) ?? collect(() => importFile(file))
  byFile.set(file, known)
  try {
    return await known
  } catch (error) {
    byFile.delete(file)
    throw error
  }
}

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { importFile } from './import-file.ts'

describe('importFile', () => {
  let folder: string
  const write = async (name: string, content: string) => {
    await writeFile(join(folder, name), content)
    return join(folder, name)
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'import-file-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('gives the default export of a module', async () => {
    expect(await importFile(await write('a.mjs', 'export default { port: 1 }'))).toEqual({ port: 1 })
  })

  it('gives the content of a JSON file', async () => {
    expect(await importFile(await write('a.json', '{"port":2}'))).toEqual({ port: 2 })
  })

  it('names the file that is missing, broken or not JSON', async () => {
    await expect(importFile(join(folder, 'none.mjs'))).rejects.toThrow(/none\.mjs cannot be loaded/)
    await expect(importFile(await write('b.json', '{'))).rejects.toThrow(/b\.json cannot be loaded/)
    await expect(importFile(await write('b.mjs', 'throw new Error("inside")'))).rejects.toThrow(/inside/)
  })
})

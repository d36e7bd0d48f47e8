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

  it.each(['none.mjs', 'none.json'])('says that there is no file %s', async (name) => {
    await expect(importFile(join(folder, name))).rejects.toThrow(
      `${join(folder, name)} cannot be loaded: no such file`,
    )
  })

  it('names what a file imports in vain', async () => {
    const file = await write('c.mjs', 'import "./nowhere.mjs"')
    await expect(importFile(file)).rejects.toThrow(/c\.mjs cannot be loaded: .*nowhere\.mjs/)
  })

  it('names the file that is broken or not JSON', async () => {
    await expect(importFile(await write('b.json', '{'))).rejects.toThrow(/b\.json cannot be loaded/)
    await expect(importFile(await write('b.mjs', 'throw new Error("inside")'))).rejects.toThrow(/inside/)
  })
})

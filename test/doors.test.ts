import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import packageJson from '../package.json' with { type: 'json' }
import { ensureBuilt, root } from './support/built.ts'

const run = promisify(execFile)
const doors = Object.keys(packageJson.exports).filter((door) => door !== './package.json')

beforeAll(ensureBuilt, 60_000)

describe('The door', () => {
  // In a process of its own, and require() first: it refuses a module with top-level await that nothing has loaded yet.
  it.each(doors)('%s can be required and imported, and exports the same both ways', async (door) => {
    const script = `
      const required = Object.keys(require(process.argv[1]))
      import(process.argv[1]).then((imported) => {
        console.log(JSON.stringify({ required, imported: Object.keys(imported) }))
      })`
    const name = path.posix.join(packageJson.name, door)
    const { stdout } = await run(process.execPath, ['-e', script, name], { cwd: root })
    const { required, imported } = JSON.parse(stdout)
    expect(required).not.toEqual([])
    expect(required).toEqual(imported)
  })
})

describe('The bin', () => {
  it('says what it can do', async () => {
    const { stdout } = await run(path.join(root, packageJson.bin.reverb), ['--help'])
    expect(stdout).toContain('Usage: reverb')
    expect(stdout).toContain('start')
  })
})

import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Runs the text of a module in a process of its own, which has to end by itself; resolves to what it has printed. */
export async function script(
  text: string,
  args: readonly string[],
): Promise<{ readonly code: number; readonly printed: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'reverb-script-'))
  const file = join(folder, 'script.mjs')
  await writeFile(file, text)
  try {
    return await new Promise((resolve) => {
      const child = execFile(process.execPath, [file, ...args], { timeout: 60_000 }, (_, stdout, stderr) => {
        resolve({ code: child.exitCode ?? -1, printed: stdout + stderr })
      })
    })
  } finally {
    await rm(folder, { recursive: true })
  }
}

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { root } from './built.ts'

/** A run of the built CLI. */
export interface Run {
  readonly child: ChildProcess
  /** What it has printed so far, on both streams. */
  readonly printed: () => string
  /** Resolves to the exit code. */
  readonly ended: Promise<number>
}

/** Starts the CLI in an empty folder of its own, with nothing of this process's settings. */
export async function reverb(
  args: string[],
  env: Record<string, string> = {},
  files: Record<string, string> = {},
): Promise<Run> {
  const cwd = await mkdtemp(join(tmpdir(), 'reverb-cli-'))
  for (const [name, content] of Object.entries(files)) await writeFile(join(cwd, name), content)
  const child = spawn(process.execPath, [join(root, 'dist/cli/main.js'), ...args], {
    cwd,
    env: { PATH: process.env['PATH'], ...env },
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (part) => {
      text += part
    })
  }
  const ended = once(child, 'close').then(([code]) => Number(code))
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
    await rm(cwd, { recursive: true })
  })
  return { child, printed: () => text, ended }
}

/** The port on which `reverb start` listens, as soon as it says so. */
export async function portOf(run: Run): Promise<number> {
  const found = () => /Reverb listens on \S+:(\d+)/.exec(run.printed())?.[1]
  while (found() === undefined && run.child.exitCode === null) {
    await Promise.race([once(run.child.stdout ?? run.child, 'data'), run.ended])
  }
  const port = found()
  if (port === undefined) throw new Error(`The server did not start: ${run.printed()}`)
  return Number(port)
}

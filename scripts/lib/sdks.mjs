import path from 'node:path'
import { root } from './run.mjs'

/** Where SDKs, builds and caches of other languages are kept; git ignores it. */
const kept = path.join(root, '.tmp/sdks')
const sources = path.join(root, 'test/sdks')

const python = path.join(kept, 'python/bin/python')
const go = path.join(kept, 'go')
const java = path.join(kept, 'java')

/**
 * A language that has official SDKs.
 * @typedef {object} Language
 * @property {readonly Tool[]} tools
 * @property {string} folder where the programs stand that use the SDKs; the installation runs there
 * @property {readonly (readonly string[])[]} install installs the SDKs and builds the programs; harmless when done
 * @property {NodeJS.ProcessEnv} [env] of the installation
 */

/**
 * A tool that the machine must have.
 * @typedef {object} Tool
 * @property {readonly string[]} probe succeeds where the tool is there
 * @property {string} debian the package that brings it
 */

/** @type {readonly Language[]} */
export const languages = [
  {
    tools: [{ probe: ['python3', '-c', 'import ensurepip, venv'], debian: 'python3-venv' }],
    folder: path.join(sources, 'python'),
    install: [
      ['python3', '-m', 'venv', path.join(kept, 'python')],
      [python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', 'requirements.txt'],
    ],
  },
  {
    tools: [{ probe: ['go', 'version'], debian: 'golang-go' }],
    folder: path.join(sources, 'go'),
    install: [['go', 'build', '-buildvcs=false', '-modcacherw', '-o', path.join(go, 'server')]],
    env: { GOMODCACHE: path.join(go, 'modules'), GOCACHE: path.join(go, 'cache') },
  },
  {
    tools: [
      { probe: ['javac', '-version'], debian: 'default-jdk-headless' },
      { probe: ['mvn', '--version'], debian: 'maven' },
    ],
    folder: path.join(sources, 'java'),
    install: [
      [
        ...['mvn', '--batch-mode', '--quiet', `-Dmaven.repo.local=${path.join(java, 'repository')}`],
        ...['compile', 'dependency:copy-dependencies'],
      ],
    ],
  },
]

// Compiles quickly rather than well: the programs do little, and several start at once.
const onJava = [
  'java',
  '-XX:TieredStopAtLevel=1',
  '-cp',
  `${path.join(java, 'classes')}:${path.join(java, 'dependency')}/*`,
]

/** The programs that use an SDK each and do what tests tell them, by the names of the SDKs. */
export const programs = {
  'pusher-http-python': [python, path.join(sources, 'python/server.py')],
  'pusher-http-go': [path.join(go, 'server')],
  'pusher-http-java': [...onJava, 'sdks.Server'],
  pysher: [python, path.join(sources, 'python/client.py')],
  'pusher-java-client': [...onJava, 'sdks.Client'],
}

// npm run setup: installs what the tests need and npm does not bring.
import { distribution, findProgram, missing } from './lib/needs.mjs'
import { run } from './lib/run.mjs'

const lacking = missing()
if (lacking.length === 0) console.log('setup: nothing is missing')
else await install()

async function install() {
  const names = lacking.map(({ name }) => name).join(', ')
  for (const command of commands()) {
    console.log(`setup: ${command.join(' ')}`)
    const code = await run(command, { DEBIAN_FRONTEND: 'noninteractive' })
    if (code !== 0) stop(`${command.join(' ')} ended with exit code ${code}; what it said stands above`)
  }
  const still = missing().map(({ name }) => name)
  if (still.length > 0) stop(`${still.join(', ')} is still missing after the installation`)
  console.log(`setup: ${names} installed`)
}

/**
 * The commands that install what is missing; on a system that it does not know, says what to do and ends.
 * @returns {(readonly string[])[]}
 */
function commands() {
  const system = distribution()
  if (system === undefined) {
    const examples = lacking.map(({ elsewhere }) => `\n  ${elsewhere.join(' ')}`)
    return stop(`cannot install on this system; do it yourself, for example by${examples.join('')}`)
  }
  const packages = lacking.flatMap(({ packages }) => packages[system] ?? [])
  const others = lacking.filter(({ packages }) => packages[system] === undefined)
  return [...aptGet(packages), ...others.map(({ elsewhere }) => elsewhere)]
}

/**
 * @param {string[]} packages
 * @returns {(readonly string[])[]}
 */
function aptGet(packages) {
  if (packages.length === 0) return []
  const isRoot = process.getuid?.() === 0
  if (!isRoot && findProgram('sudo') === undefined) return stop('needs root or sudo: run it as root')
  const apt = [...(isRoot ? [] : ['sudo']), 'apt-get', '-o', 'DPkg::Lock::Timeout=120']
  return [
    [...apt, 'update'],
    [...apt, 'install', '-y', '--no-install-recommends', ...packages],
  ]
}

/**
 * @param {string} message
 * @returns {never}
 */
function stop(message) {
  console.error(`setup: ${message}`)
  process.exit(1)
}

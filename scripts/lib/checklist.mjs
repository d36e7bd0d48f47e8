import { readFileSync } from 'node:fs'
import path from 'node:path'
import { root } from './run.mjs'

/**
 * What must be true of the server.
 * @typedef {object} Checklist
 * @property {Record<string, Record<string, string>>} groups statements by their number, in groups
 * @property {readonly string[]} ofTwoNodes numbers of those that one node cannot show
 * @property {readonly string[]} partlyOfTwoNodes numbers of those that one node shows in part
 */

/**
 * A test, or the cases of one table of tests, that holds a statement.
 * @typedef {object} Proof
 * @property {string} file below the package's folder
 * @property {string} says its titles as one sentence, without the numbers
 * @property {number} cases
 */

/** @typedef {ReadonlyMap<string, readonly Proof[]>} Proofs by the number of the statement */
/** @typedef {Pick<import('./vitest.mjs').Report, 'testResults'>} Report */

/** @returns {Checklist} */
export function readChecklist() {
  return JSON.parse(readFileSync(path.join(root, 'test/conformance/statements.json'), 'utf8'))
}

/**
 * Every statement with its number, in order.
 * @param {Checklist} checklist
 */
export function statementsOf({ groups }) {
  return Object.values(groups).flatMap(Object.entries)
}

/**
 * The tests of a run that passed and whose title, or that of a group around them, begins with numbers of statements.
 * @param {Report} report
 * @returns {Proofs}
 */
export function proofsIn({ testResults }) {
  /** @type {Map<string, Map<string, Proof>>} */
  const proofs = new Map()
  for (const { file, test } of passedTests(testResults)) {
    const titles = [...test.ancestorTitles, test.title].map(withoutNumbers)
    const says = titles.map(({ text }) => text).join(' ')
    const numbers = new Set(titles.flatMap(({ numbers }) => numbers))
    // Tests that files share are written where one is called that makes them all: those differ in their numbers.
    const place = `${file}:${test.location?.line ?? says}:${[...numbers]}`
    for (const number of numbers) {
      const places = proofs.get(number) ?? new Map()
      const proof = places.get(place) ?? { file, says, cases: 0 }
      proofs.set(number, places.set(place, { ...proof, cases: proof.cases + 1 }))
    }
  }
  return new Map([...proofs].map(([number, places]) => [number, [...places.values()]]))
}

/**
 * A complaint for each statement about one node that no test holds.
 * @param {Checklist} checklist
 * @param {Proofs} proofs
 */
export function unproven(checklist, proofs) {
  return statementsOf(checklist)
    .filter(([number]) => !proofs.has(number) && !checklist.ofTwoNodes.includes(number))
    .map(([number, text]) => `No test that passed has a title that begins with ${number}: ${text}`)
}

/**
 * A complaint for each number that tests begin with and that no statement has.
 * @param {Checklist} checklist
 * @param {Proofs} proofs
 */
export function unknown(checklist, proofs) {
  const known = new Set(statementsOf(checklist).map(([number]) => number))
  return [...proofs]
    .filter(([number]) => !known.has(number))
    .map(([number, [proof]]) => `A test of ${proof?.file} begins with ${number}, which no statement has`)
}

/** @param {Report['testResults']} files */
function* passedTests(files) {
  const sorted = files
    .map(({ name, assertionResults }) => ({ file: path.relative(root, name), assertionResults }))
    .sort((a, b) => (a.file < b.file ? -1 : 1))
  for (const { file, assertionResults } of sorted) {
    for (const test of assertionResults) if (test.status === 'passed') yield { file, test }
  }
}

/** @param {string} title */
function withoutNumbers(title) {
  const [beginning = ''] = /^(?:C\d+\b[, ]*)+/.exec(title) ?? []
  return { numbers: beginning.match(/C\d+/g) ?? [], text: title.slice(beginning.length) }
}

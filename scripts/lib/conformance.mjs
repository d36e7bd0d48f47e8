import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { proofsIn, readChecklist, statementsOf, unknown, unproven } from './checklist.mjs'
import { root } from './run.mjs'
import { readReport } from './vitest.mjs'

/** @typedef {import('./checklist.mjs').Checklist} Checklist */
/** @typedef {import('./checklist.mjs').Proof} Proof */
/** @typedef {import('./checklist.mjs').Proofs} Proofs */

const pageFile = path.join(root, 'docs/conformance.md')

/** The reports that parts of docs/conformance.md are made of. @typedef {'test' | 'sdks'} PartName */
/** @type {Record<PartName, (checklist: Checklist, proofs: Proofs) => string>} */
const parts = { test: testPart, sdks: sdkPart }

/**
 * Writes the part that a report shows; whether there is such a report.
 * @param {PartName} name
 */
export function writePart(name) {
  const report = readReport(name)
  if (report === undefined) return false
  const text = parts[name](readChecklist(), proofsIn(report))
  writeFileSync(pageFile, withPart(readFileSync(pageFile, 'utf8'), name, text))
  return true
}

/**
 * What the run that left this report shows to be wrong with the tests of statements, or with the page.
 * @param {PartName} name
 */
export function complaintsAfter(name) {
  const report = readReport(name)
  if (report === undefined) return ['The run has left no report']
  const checklist = readChecklist()
  const proofs = proofsIn(report)
  const page = readFileSync(pageFile, 'utf8')
  const isCurrent = page === withPart(page, name, parts[name](checklist, proofs))
  return [
    ...(name === 'test' ? unproven(checklist, proofs) : []),
    ...unknown(checklist, proofs),
    ...(isCurrent
      ? []
      : ['docs/conformance.md is out of date: run `npm run conformance` and commit the page']),
  ]
}

/**
 * The statements in their groups, each with the tests that hold it; those that wait for a second node come last.
 * @param {Checklist} checklist
 * @param {Proofs} proofs
 */
export function testPart(checklist, proofs) {
  const { groups, ofTwoNodes, partlyOfTwoNodes } = checklist
  /** @param {[number: string, text: string]} statement */
  const waits = ([number]) => ofTwoNodes.includes(number)
  /** @param {[string, string][]} statements */
  const list = (statements) =>
    statements.map(([number, text]) => {
      const half = partlyOfTwoNodes.includes(number) ? ' *What it says of other nodes waits.*' : ''
      return item(number, text + half, proofs)
    })
  const sections = Object.entries(groups).map(([group, statements]) =>
    section(group, list(Object.entries(statements).filter((statement) => !waits(statement)))),
  )
  const waiting = section('Waiting for a second node', list(statementsOf(checklist).filter(waits)))
  return [...sections, waiting].join('\n')
}

/**
 * The statements that SDKs of other languages hold as well.
 * @param {Checklist} checklist
 * @param {Proofs} proofs
 */
export function sdkPart(checklist, proofs) {
  const held = statementsOf(checklist).filter(([number]) => proofs.has(number))
  return `${held.map(([number, text]) => item(number, text, proofs)).join('\n')}\n`
}

/**
 * The page with another text for a part, which stands between two comments; what people wrote around it stays.
 * @param {string} page
 * @param {string} part
 * @param {string} text
 */
export function withPart(page, part, text) {
  const begin = `<!-- begin ${part} -->\n`
  const [from, to] = [page.indexOf(begin), page.indexOf(`<!-- end ${part} -->`)]
  if (from < 0 || to < from) throw new Error(`The page has lost the comments around its part "${part}"`)
  return `${page.slice(0, from + begin.length)}\n${text}\n${page.slice(to)}`
}

/**
 * @param {string} title
 * @param {readonly string[]} items
 */
function section(title, items) {
  return `### ${title}\n\n${items.join('\n')}\n`
}

/**
 * @param {string} number
 * @param {string} text
 * @param {Proofs} proofs
 */
function item(number, text, proofs) {
  const lines = (proofs.get(number) ?? []).map(({ file, says, cases }) => {
    const more = cases > 1 ? ` (${cases} cases)` : ''
    return `  - \`${file}\`: ${inMarkdown(says)}${more}`
  })
  return [`- **${number}** ${text}`, ...lines].join('\n')
}

/** A title on one line and of bearable length, none of its characters taken for Markdown. @param {string} title */
function inMarkdown(title) {
  const line = title.replace(/\s+/g, ' ').replace(/\p{C}/gu, '')
  const short = line.length > 160 ? `${line.slice(0, 160)}…` : line
  return short.replace(/[\\`*<>[\]]|(?<![^\W_])_|_(?![^\W_])/g, '\\$&')
}

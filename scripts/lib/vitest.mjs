import { existsSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { root } from './run.mjs'

/**
 * The command that runs Vitest under the Node it is given to, shows its progress and leaves a report of that name.
 * @param {string} report
 * @param {string[]} projects all when there are none
 */
export function vitest(report, ...projects) {
  const file = reportFile(report)
  // A run that dies must not leave the figures of the one before.
  rmSync(file, { force: true })
  return [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--allowOnly=false',
    '--includeTaskLocation',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${file}`,
    ...projects.flatMap((project) => ['--project', project]),
  ]
}

/**
 * The part of Vitest's JSON report that is read here.
 * @typedef {object} Report
 * @property {number} numPassedTests
 * @property {number} numFailedTests
 * @property {number} numPendingTests
 * @property {number} numTodoTests
 * @property {FileResult[]} testResults one for each file
 */

/**
 * @typedef {object} FileResult
 * @property {string} name its path
 * @property {string} status
 * @property {TestResult[]} assertionResults in the order in which they stand in the file
 */

/**
 * @typedef {object} TestResult
 * @property {string} status
 * @property {string[]} ancestorTitles
 * @property {string} title
 * @property {{ line: number } | null} [location] where it stands; the cases of one table share it
 */

/**
 * How many tests passed, failed and were skipped in those reports; a run that left none counts for nothing.
 * @param {string[]} reports
 */
export function countTests(...reports) {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  for (const report of reports.map(readReport)) {
    if (report === undefined) continue
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = report
    counts.passed += numPassedTests
    counts.failed += numFailedTests + testResults.filter(isBroken).length
    counts.skipped += numPendingTests + numTodoTests
  }
  return counts
}

/**
 * The report of that name; undefined where a run has left none.
 * @param {string} name
 * @returns {Report | undefined}
 */
export function readReport(name) {
  const file = reportFile(name)
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined
}

/** @param {ReturnType<typeof countTests>} counts */
export function describeCounts({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`
}

/**
 * A file that cannot be loaded has no test that could fail, and still is a failure.
 * @param {FileResult} file
 */
function isBroken({ status, assertionResults }) {
  return status === 'failed' && assertionResults.every((test) => test.status !== 'failed')
}

/** @param {string} report */
function reportFile(report) {
  return path.join(root, '.tmp/reports', `${report}.json`)
}

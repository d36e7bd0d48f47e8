// npm run bench:scaling [-- CURVE…]: what time and memory grow with; writes the charts of docs/performance.md anew.
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { root } from '../scripts/lib/run.mjs'
import { ensureBuilt } from './lib/built.mjs'
import { chart } from './lib/chart.mjs'
import { pinThisProcess } from './lib/cores.mjs'
import { exponentOf } from './lib/fit.mjs'
import { ensureCompiled } from './lib/programs.mjs'
import { formatTable } from './lib/table.mjs'
import { curves } from './scaling/curves.mjs'

/** @typedef {import('./scaling/curves.mjs').Curve} Curve */

const names = process.argv.slice(2)
const unknown = names.filter((name) => !curves.some((curve) => curve.name === name))
if (unknown.length > 0) {
  console.error(`No curve ${unknown.join(', ')}; there are: ${curves.map(({ name }) => name).join(', ')}`)
  process.exit(1)
}

await ensureBuilt()
ensureCompiled()
pinThisProcess()

const table = [['what grows', 'with', 'exponent', 'at most', 'measured']]
for (const curve of curves) {
  if (names.length > 0 && !names.includes(curve.name)) continue
  process.stderr.write(`${curve.name} …\n`)
  const series = await measure(curve)
  writeFileSync(
    path.join(root, `docs/images/scaling-${curve.name}.svg`),
    chart(curve.title, panelsOf(curve, series)),
  )
  for (const { label, unit, points, atMost, from = 0 } of series) {
    const exponent = exponentOf(points.filter(([x]) => x >= from))
    const figures = points.map(([x, y]) => `${x}: ${Number(y.toPrecision(3))}`).join(', ')
    const verdict = exponent > atMost ? `${atMost}: MISSED` : String(atMost)
    table.push([label, curve.x, exponent.toFixed(2), verdict, `${figures} ${unit}`])
  }
}
console.log(`\n${formatTable(table)}`)
process.exit()

/**
 * A logarithmic axis has no place for what is not more than the noise of the machine.
 * @param {Curve} curve
 */
async function measure(curve) {
  /** @type {{ x: number, figures: readonly number[] }[]} */
  const rows = []
  for (const x of curve.values) rows.push({ x, figures: await curve.at(x) })
  return curve.measured.map((measured, index) => ({
    ...measured,
    points: rows
      .map(({ x, figures }) => /** @type {const} */ ([x, figures[index] ?? Number.NaN]))
      .filter(([, y]) => y > 0),
  }))
}

/**
 * One panel for each unit.
 * @param {Curve} curve
 * @param {Awaited<ReturnType<typeof measure>>} series
 */
function panelsOf(curve, series) {
  const units = [...new Set(series.map(({ unit }) => unit))]
  return units.map((unit) => ({ x: curve.x, y: unit, series: series.filter((one) => one.unit === unit) }))
}

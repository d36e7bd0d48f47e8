/** @typedef {import('./row.mjs').Line} Line */

/**
 * The lines as tables of Markdown, which are also readable as they are: the ratios, then the figures.
 * @param {readonly Line[]} lines
 */
export function tablesOf(lines) {
  const ratios = [['work', 'beside', 'CPU', 'throughput', 'asked for', 'ours, here and now']]
  const figures = [['what', 'measured', 'asked for', 'more of it']]
  for (const line of lines) {
    const { work, absolute } = line
    const bound = line.met ? line.bound : `${line.bound}: MISSED`
    if ('figure' in line) figures.push([work, line.figure, bound, absolute])
    else ratios.push([work, line.beside, line.cpu, line.rate, bound, absolute])
  }
  return [ratios, figures]
    .filter(({ length }) => length > 1)
    .map(formatTable)
    .join('\n\n')
}

/**
 * A table of Markdown with columns of even width.
 * @param {readonly (readonly string[])[]} rows the first is the heading
 */
export function formatTable(rows) {
  const [heading = [], ...others] = rows
  const widths = heading.map((_, column) => Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (/** @type {readonly string[]} */ row) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  return [line(heading), line(widths.map((width) => '-'.repeat(width))), ...others.map(line)].join('\n')
}

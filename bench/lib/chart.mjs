// Charts with two logarithmic axes, as SVG: a straight line is a power, and its slope is the exponent.

/**
 * @typedef {object} Series
 * @property {string} label
 * @property {readonly import('./fit.mjs').Point[]} points all positive
 */

/**
 * @typedef {object} Panel
 * @property {string} x
 * @property {string} y
 * @property {readonly Series[]} series
 */

const width = 360
const height = 280
const margin = { left: 56, right: 16, top: 40, bottom: 44 }
const colours = ['#1f6feb', '#d1570b', '#2da44e']

/**
 * Panels side by side under one title.
 * @param {string} title
 * @param {readonly Panel[]} panels
 */
export function chart(title, panels) {
  const total = width * panels.length
  const parts = panels.map(
    (panel, index) => `<g transform="translate(${index * width} 0)">${draw(panel)}</g>`,
  )
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${total} ${height}" width="${total}" height="${height}" font-family="sans-serif" font-size="11">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${total}" height="${height}" fill="#fff"/>`,
    label(16, 18, title, 'font-size="13" font-weight="bold"'),
    ...parts,
    '</svg>\n',
  ].join('\n')
}

/** @param {Panel} panel */
function draw({ x, y, series }) {
  const points = series.flatMap((one) => one.points)
  const across = axis(
    points.map(([value]) => value),
    margin.left,
    width - margin.right,
  )
  const up = axis(
    points.map(([, value]) => value),
    height - margin.bottom,
    margin.top,
  )
  const grid = [
    ...across.decades.map((value) => {
      const at = across.at(value)
      return `${line(at, margin.top, at, height - margin.bottom)}${label(at, height - margin.bottom + 14, short(value), 'text-anchor="middle"')}`
    }),
    ...up.decades.map((value) => {
      const at = up.at(value)
      return `${line(margin.left, at, width - margin.right, at)}${label(margin.left - 6, at + 4, short(value), 'text-anchor="end"')}`
    }),
  ]
  const lines = series.map((one, index) => {
    const colour = colours[index % colours.length]
    const dots = one.points.map((point) => ({ x: fixed(across.at(point[0])), y: fixed(up.at(point[1])) }))
    return [
      `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${dots.map((dot) => `${dot.x},${dot.y}`).join(' ')}"/>`,
      ...dots.map((dot) => `<circle cx="${dot.x}" cy="${dot.y}" r="3" fill="${colour}"/>`),
      label(margin.left + 8, margin.top + 14 + 14 * index, one.label, `fill="${colour}"`),
    ].join('\n')
  })
  return [
    ...grid,
    ...lines,
    label((margin.left + width - margin.right) / 2, height - 10, x, 'text-anchor="middle"'),
    label(margin.left, margin.top - 8, y, 'fill="#57606a"'),
  ].join('\n')
}

/**
 * A logarithmic scale over whole decades, from one pixel to another.
 * @param {readonly number[]} values
 * @param {number} start
 * @param {number} end
 */
function axis(values, start, end) {
  const first = Math.floor(Math.log10(Math.min(...values)))
  const last = Math.max(first + 1, Math.ceil(Math.log10(Math.max(...values)) - 1e-9))
  return {
    decades: Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index)),
    at: (/** @type {number} */ value) =>
      start + ((Math.log10(value) - first) / (last - first)) * (end - start),
  }
}

/**
 * @param {number} x1
 * @param {number} y1
 * @param {number} x2
 * @param {number} y2
 */
function line(x1, y1, x2, y2) {
  return `<line x1="${fixed(x1)}" y1="${fixed(y1)}" x2="${fixed(x2)}" y2="${fixed(y2)}" stroke="#d0d7de"/>`
}

/**
 * @param {number} x
 * @param {number} y
 * @param {string} text
 * @param {string} attributes
 */
function label(x, y, text, attributes) {
  return `<text x="${fixed(x)}" y="${fixed(y)}" ${attributes}>${escaped(text)}</text>`
}

/** @param {number} value */
function short(value) {
  if (value >= 1_000_000) return `${value / 1_000_000}M`
  return value >= 1000 ? `${value / 1000}k` : String(Number(value.toPrecision(1)))
}

/** @param {number} pixels */
function fixed(pixels) {
  return Number(pixels.toFixed(1))
}

/** @param {string} text */
function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

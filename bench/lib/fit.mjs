/** @typedef {readonly [x: number, y: number]} Point */

/**
 * The exponent of the power of x that y grows with: 0 is constant, 1 linear, 2 quadratic. Least squares of the
 * logarithms.
 * @param {readonly Point[]} points at least two, all positive
 */
export function exponentOf(points) {
  const logarithms = points.map(([x, y]) => /** @type {const} */ ([Math.log(x), Math.log(y)]))
  const meanX = mean(logarithms.map(([x]) => x))
  const meanY = mean(logarithms.map(([, y]) => y))
  const covariance = mean(logarithms.map(([x, y]) => (x - meanX) * (y - meanY)))
  return covariance / mean(logarithms.map(([x]) => (x - meanX) ** 2))
}

/** @param {readonly number[]} values */
function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

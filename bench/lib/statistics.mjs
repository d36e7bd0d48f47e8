/**
 * @typedef {object} Spread
 * @property {number} lower the lower quartile
 * @property {number} median
 * @property {number} upper the upper quartile
 */

/**
 * @param {readonly number[]} values at least one
 * @returns {Spread}
 */
export function spreadOf(values) {
  const sorted = values.toSorted((a, b) => a - b)
  return { lower: quantile(sorted, 0.25), median: quantile(sorted, 0.5), upper: quantile(sorted, 0.75) }
}

/**
 * The median with its quartiles, as in `0.83 (0.78 to 0.91)`.
 * @param {Spread} spread
 */
export function describeSpread({ lower, median, upper }) {
  return `${median.toFixed(2)} (${lower.toFixed(2)} to ${upper.toFixed(2)})`
}

/**
 * @param {readonly number[]} sorted ascending, at least one
 * @param {number} share between 0 and 1
 */
export function quantile(sorted, share) {
  const position = share * (sorted.length - 1)
  const below = sorted[Math.floor(position)] ?? Number.NaN
  const above = sorted[Math.ceil(position)] ?? Number.NaN
  return below + (above - below) * (position % 1)
}

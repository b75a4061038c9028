/** Why a benchmark cannot run on this machine: reported as such, never as a figure. */
export class Skip extends Error {}

/**
 * @typedef {object} Figure
 * @property {string} what is measured
 * @property {number} value
 * @property {string} unit
 * @property {number} budget in the same unit: at most
 * @property {number} runs
 * @property {string} [note] what else belongs to the figure
 */

/** @param {readonly number[]} values @returns {number} */
export function median(values) {
  if (values.length === 0) throw new Error('no values')
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/**
 * The value below which `share` of all values lie (nearest rank).
 * @param {readonly number[]} values @param {number} share 0..1
 * @returns {number}
 */
export function percentile(values, share) {
  if (values.length === 0) throw new Error('no values')
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
}

/**
 * The CPUs that `taskset -c -p` names, lowest first.
 * @param {string} text such as "pid 7's current affinity list: 0,2-3" @returns {number[] | undefined}
 */
export function affinityList(text) {
  const list = /: *([\d,-]+)\s*$/.exec(text)
  return list?.[1].split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, index) => first + index)
  })
}

/** @param {Figure} figure @returns {string} one line of the table */
export function line({ what, value, unit, budget, runs, note }) {
  const verdict = value <= budget ? 'within' : 'OVER'
  const shown = value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : value.toFixed(0)
  return `${what.padEnd(58)} ${shown.padStart(8)} ${unit}  ${verdict} ${budget} ${unit} (${runs === 1 ? 'exact' : `median of ${runs}`})${note === undefined ? '' : `: ${note}`}`
}

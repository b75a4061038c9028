/**
 * The difference column of every comparison: `×16` where a ratio says it best, `+2` where the counts
 * are small or grew from nothing, `+5.2%` where values are near, a quiet `=` where nothing differs.
 */
import { formatNumber } from './format'

export interface Difference {
  /** As drawn: `×16`, `÷3.3`, `+2`, `−2`, `+5.2%`, `=`, or `–` where a side is missing. */
  readonly text: string
  /** `new`: from nothing. */
  readonly tone: 'equal' | 'new' | 'more' | 'less' | 'missing'
  /** For sorting by size, whatever the direction: 0 is equal, larger is further apart. */
  readonly size: number
}

/** Below this many, a count's difference is told as a sum: 1 to 3 is `+2`, not `×3`. */
const SMALL = 4
/** From here on a ratio says it best; nearer to 1, percent or a sum do. */
const RATIO = 2
/** Counts this near to each other are told as a sum. */
const NEAR_COUNT = 10

const EQUAL: Difference = { text: '=', tone: 'equal', size: 0 }
const MISSING: Difference = { text: '–', tone: 'missing', size: -1 }

function ratioText(ratio: number): string {
  return ratio >= 10 ? formatNumber(Math.round(ratio)) : formatNumber(Number(ratio.toPrecision(2)))
}

/** How `value` differs from `base`. Missing sides compare as missing; two missing ones too. */
export function difference(base: number | undefined, value: number | undefined): Difference {
  if (base === undefined || value === undefined || Number.isNaN(base) || Number.isNaN(value)) return MISSING
  if (base === value) return EQUAL
  const delta = value - base
  const sign = delta > 0 ? '+' : '−'
  const tone = base === 0 ? 'new' : delta > 0 ? 'more' : 'less'
  const sum = `${sign}${formatNumber(Math.abs(delta))}`
  const size = distance(base, value)
  const counts = Number.isInteger(base) && Number.isInteger(value)
  const low = Math.min(Math.abs(base), Math.abs(value))
  const high = Math.max(Math.abs(base), Math.abs(value))
  if (low === 0 || base < 0 !== value < 0) return { text: sum, tone, size }
  const ratio = high / low
  if (counts && high < SMALL) return { text: sum, tone, size }
  if (ratio >= RATIO)
    return { text: `${Math.abs(value) > Math.abs(base) ? '×' : '÷'}${ratioText(ratio)}`, tone, size }
  if (counts && Math.abs(delta) < NEAR_COUNT) return { text: sum, tone, size }
  const percent = (Math.abs(delta) / Math.abs(base)) * 100
  return { text: `${sign}${formatNumber(Number(percent.toFixed(percent < 0.1 ? 3 : 1)))}%`, tone, size }
}

/** Distance on a scale where `×16` is as far as `÷16`, and something from nothing is furthest. */
function distance(base: number, value: number): number {
  if (base === 0 || value === 0 || base < 0 !== value < 0) return 1000 + Math.log1p(Math.abs(value - base))
  return Math.abs(Math.log(value / base))
}

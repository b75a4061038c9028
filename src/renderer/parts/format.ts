/** Figures as people read them. What is copied is always the raw number. */

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 20 })

/** A number with thousands separators, at most six significant decimals, and a true minus sign. */
export function formatNumber(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞'
  const size = Math.abs(value)
  if (size !== 0 && (size >= 1e15 || size < 1e-6)) return value.toExponential(4).replace('-', '−')
  const decimals = Number.isInteger(value)
    ? 0
    : Math.max(0, Math.min(6, 6 - Math.ceil(Math.log10(Math.max(size, 1)))))
  return grouped.format(Number(value.toFixed(decimals))).replace('-', '−')
}

/** The number as a program reads it: no separators, shortest text that gives the same double. */
export function rawNumber(value: number): string {
  return String(value)
}

/** Simulated nanoseconds in the unit a person would say. */
export function formatNanoseconds(ns: number): string {
  const size = Math.abs(ns)
  const [scale, unit] =
    size < 1e3 ? [1, 'ns'] : size < 1e6 ? [1e3, 'µs'] : size < 1e9 ? [1e6, 'ms'] : [1e9, 's']
  return `${formatNumber(Number((ns / scale).toPrecision(4)))} ${unit}`
}

/** Wall milliseconds: `850 ms`, `4.2 s`, `3 min 05 s`. */
export function formatMilliseconds(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`
}

/** `1 cell`, `3 cells`. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${formatNumber(n)} ${n === 1 ? one : many}`
}

/** Bytes in the largest binary unit that divides well: `64 KiB`, `1 GiB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${formatNumber(Number(value.toPrecision(4)))} ${units[unit]}`
}

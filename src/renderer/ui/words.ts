import type { Parameters } from '../../protocol/results'

/** Wall time for people: `0.4 s`, `12 s`, `3 min 20 s`. */
export function seconds(milliseconds: number): string {
  const whole = milliseconds / 1000
  if (whole < 9.95) return `${whole.toFixed(1)} s`
  if (whole < 59.5) return `${Math.round(whole)} s`
  const total = Math.round(whole)
  return `${Math.floor(total / 60)} min ${total % 60} s`
}

/** A cell's parameters in one line: `kernel contpte-v2, cpus 8`. */
export function parametersText(parameters: Parameters): string {
  return Object.entries(parameters)
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(', ')
}

/** A number of bytes in the largest binary unit that keeps it whole: `256 MiB`. */
export function bytesText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = bytes
  let unit = 0
  while (unit < units.length - 1 && value >= 1024 && value % 1024 === 0) {
    value /= 1024
    unit++
  }
  return `${value} ${units[unit]}`
}

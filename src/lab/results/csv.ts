/** Rows as CSV (RFC 4180): a header line, lines ended by CR LF, fields quoted only where they must be. */
import type { Row } from './types'

function field(value: unknown): string {
  const text = value === undefined ? '' : String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** One column a parameter in the order of declaration, then metric, value, unit. Rows of `conclude` leave the parameters empty. */
export function rowsCsv(parameters: readonly string[], rows: readonly Row[]): string {
  const records = [
    [...parameters, 'metric', 'value', 'unit'],
    ...rows.map((row) => [...parameters.map((name) => row.parameters[name]), row.metric, row.value, row.unit])
  ]
  return records.map((record) => `${record.map(field).join(',')}\r\n`).join('')
}

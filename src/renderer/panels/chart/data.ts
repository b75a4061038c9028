import type { CellValue, Table } from '../../parts/grid/table'
import { inlineData, type Spec } from './spec'

const plain = (value: unknown): CellValue => {
  if (value === null || value === undefined) return undefined
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string') return value
  return JSON.stringify(value)
}

/** The rows behind a chart as a table: every field that any row has, in order of appearance. */
export function dataTable(spec: Spec): Table {
  const data = inlineData(spec)
  const fields = [...new Set(data.flatMap((row) => Object.keys(row)))]
  return {
    columns: fields.map((field) => ({
      id: field,
      title: field,
      kind: data.every((row) => row[field] === undefined || typeof row[field] === 'number')
        ? 'value'
        : 'parameter'
    })),
    rows: data.map((row) => fields.map((field) => plain(row[field])))
  }
}

/**
 * The result table: tidy rows arranged so that they read like the table in a mail. Metrics stand as
 * columns (wide) or as lines (long), and on request the values of one parameter stand side by side, with
 * their differences.
 */
import type { ParameterValue, Row } from '../../../protocol/results'
import { difference } from '../../parts/difference'
import type { CellValue, Column, Table } from '../../parts/grid/table'
import { parametersKey } from '../../parts/parameters'

const isCounter = (row: Row) => row.metric.startsWith('counter.')

/** Rows without those of the machine's counters. */
export function withoutCounters(rows: readonly Row[]): Row[] {
  return rows.filter((row) => !isCounter(row))
}

/** How many rows are counters of the machine. */
export function counterRows(rows: readonly Row[]): number {
  return rows.reduce((n, row) => n + (isCounter(row) ? 1 : 0), 0)
}

/** Rows of cells, and rows of `conclude`, which belong to no cell. */
export function splitRows(rows: readonly Row[]): { cells: Row[]; conclusions: Row[] } {
  const cells: Row[] = []
  const conclusions: Row[] = []
  for (const row of rows) (Object.keys(row.parameters).length > 0 ? cells : conclusions).push(row)
  return { cells, conclusions }
}

function parameterNames(rows: readonly Row[]): string[] {
  const names = new Set<string>()
  let last: Row['parameters'] | undefined
  for (const row of rows) {
    if (row.parameters === last) continue
    last = row.parameters
    for (const name of Object.keys(row.parameters)) names.add(name)
  }
  return [...names]
}

const parameterColumn = (name: string): Column => ({
  id: `parameter:${name}`,
  title: name,
  kind: 'parameter'
})

export interface Arrangement {
  /** `columns`: one line a cell. `rows`: one line a cell and metric. */
  readonly metrics: 'columns' | 'rows'
  /** Parameter whose values stand side by side as columns. */
  readonly across?: string
  /** With `across`: a difference column for each value after the first. */
  readonly differences?: boolean
}

/** One column of values: a metric, a value of `across`, or both. */
interface Lane {
  readonly metric?: string
  readonly across?: ParameterValue
}

/** One line of the table; a metric recorded several times in a cell takes several. */
interface Group {
  readonly parameters: Row['parameters']
  readonly metric: string
  readonly unit: string
  readonly values: Map<string, number[]>
}

const laneKey = ({ metric, across }: Lane) => JSON.stringify([metric, across])

/** The table of `rows` in an arrangement. An unknown `across` is left out. */
export function arrange(
  rows: readonly Row[],
  { metrics, across: wanted, differences = false }: Arrangement
): Table {
  const all = parameterNames(rows)
  const across = wanted !== undefined && all.includes(wanted) ? wanted : undefined
  const names = all.filter((name) => name !== across)
  const asRows = metrics === 'rows'
  const units = new Map<string, string | undefined>()
  const spread = new Set<ParameterValue>()
  const groups = new Map<string, Group>()
  for (const row of rows) {
    units.set(row.metric, !units.has(row.metric) || units.get(row.metric) === row.unit ? row.unit : undefined)
    const value = across === undefined ? undefined : row.parameters[across]
    if (value !== undefined) spread.add(value)
    const own = pick(row.parameters, names)
    const key = asRows
      ? `${parametersKey(own)} ${JSON.stringify([row.metric, row.unit])}`
      : parametersKey(own)
    let group = groups.get(key)
    if (!group)
      groups.set(key, (group = { parameters: own, metric: row.metric, unit: row.unit, values: new Map() }))
    const lane = laneKey({ metric: asRows ? undefined : row.metric, across: value })
    const values = group.values.get(lane)
    if (values) values.push(row.value)
    else group.values.set(lane, [row.value])
  }
  const laneGroups = lanesOf(asRows ? [undefined] : [...units.keys()], [...spread], across !== undefined)
  const compare = differences && spread.size > 1
  const bare = asRows || units.size === 1
  return {
    columns: [
      ...names.map(parameterColumn),
      ...(asRows ? [METRIC] : []),
      ...laneGroups.flatMap((lanes) =>
        lanes.flatMap((lane, index) => [
          valueColumn(lane, units, bare),
          ...(compare && index > 0 ? [differenceColumn(lane, lanes[0], bare)] : [])
        ])
      ),
      ...(asRows ? [UNIT] : [])
    ],
    rows: [...groups.values()].flatMap((group) => linesOf(group, names, laneGroups, { compare, asRows }))
  }
}

const METRIC: Column = { id: 'metric', title: 'metric', kind: 'metric' }
const UNIT: Column = { id: 'unit', title: 'unit', kind: 'unit' }

function pick(parameters: Row['parameters'], names: readonly string[]): Row['parameters'] {
  return Object.fromEntries(
    names.filter((name) => name in parameters).map((name) => [name, parameters[name]])
  )
}

function lanesOf(
  metrics: readonly (string | undefined)[],
  spread: readonly ParameterValue[],
  isSpread: boolean
): Lane[][] {
  return metrics.map((metric) => (isSpread ? spread.map((across) => ({ metric, across })) : [{ metric }]))
}

function valueColumn(lane: Lane, units: ReadonlyMap<string, string | undefined>, bare: boolean): Column {
  const unit = lane.metric === undefined ? undefined : units.get(lane.metric)
  const metric = lane.metric ?? 'value'
  const title = lane.across === undefined ? metric : bare ? String(lane.across) : `${metric} · ${lane.across}`
  return {
    id: `value:${laneKey(lane)}`,
    title,
    kind: 'value',
    ...(unit !== undefined && unit !== '1' ? { unit } : {})
  }
}

function differenceColumn(lane: Lane, base: Lane, bare: boolean): Column {
  const title = `${lane.across} vs ${base.across}`
  return {
    id: `difference:${laneKey(lane)}`,
    title: bare ? title : `${lane.metric} · ${title}`,
    short: `vs ${base.across}`,
    kind: 'difference'
  }
}

function linesOf(
  group: Group,
  names: readonly string[],
  laneGroups: readonly Lane[][],
  { compare, asRows }: { compare: boolean; asRows: boolean }
): CellValue[][] {
  const repeats = Math.max(...[...group.values.values()].map((values) => values.length))
  return Array.from({ length: repeats }, (_, repeat) => {
    const line: CellValue[] = names.map((name) => group.parameters[name])
    if (asRows) line.push(group.metric)
    for (const lanes of laneGroups) {
      const values = lanes.map((lane) => group.values.get(laneKey(lane))?.[repeat])
      values.forEach((value, index) => {
        line.push(value)
        if (compare && index > 0) line.push(difference(values[0], value))
      })
    }
    if (asRows) line.push(group.unit)
    return line
  })
}

/**
 * The row of the result that a cell of the arranged table shows; a cell that shows a parameter means the
 * first value of its line.
 */
export function rowBehind(
  rows: readonly Row[],
  table: Table,
  line: number,
  column: number,
  across: string
): Row | undefined {
  const values = table.rows[line]
  if (!values) return undefined
  const chosen = table.columns[column]?.kind === 'value' ? column : -1
  const at = chosen >= 0 ? chosen : table.columns.findIndex(({ kind }) => kind === 'value')
  const lane = table.columns[at]?.id.startsWith('value:')
    ? (JSON.parse(table.columns[at].id.slice('value:'.length)) as [string | null, ParameterValue | null])
    : undefined
  if (!lane) return undefined
  const metric = lane[0] ?? values[table.columns.findIndex(({ kind }) => kind === 'metric')]
  const wanted = table.columns.flatMap(({ kind, title }, index) =>
    kind === 'parameter' && values[index] !== undefined ? [[title, values[index]] as const] : []
  )
  if (across && lane[1] !== null) wanted.push([across, lane[1]])
  return rows.find(
    (row) =>
      row.metric === metric &&
      row.value === values[at] &&
      wanted.every(([name, value]) => row.parameters[name] === value)
  )
}

/**
 * The result table: tidy rows as they were recorded (`long`), or pivoted so that they read like the
 * table in a mail (`wide`): one line a cell, metrics as columns, and on request the values of one
 * parameter side by side with their differences.
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

/** One line a recorded value: parameters, metric, value, unit. */
export function longTable(rows: readonly Row[]): Table {
  const names = parameterNames(rows)
  return {
    columns: [
      ...names.map(parameterColumn),
      { id: 'metric', title: 'metric', kind: 'metric' },
      { id: 'value', title: 'value', kind: 'value' },
      { id: 'unit', title: 'unit', kind: 'unit' }
    ],
    rows: rows.map((row) => [...names.map((name) => row.parameters[name]), row.metric, row.value, row.unit])
  }
}

interface Group {
  readonly parameters: Row['parameters']
  /** Values by column key; a metric recorded twice in a cell has several. */
  readonly values: Map<string, number[]>
}

interface Lane {
  readonly id: string
  readonly metric: string
  readonly across?: ParameterValue
}

export interface WideOptions {
  /** Parameter whose values stand side by side as columns. */
  readonly across?: string
  /** With `across`: a difference column for each value after the first. */
  readonly differences?: boolean
}

/** One line a cell, metrics as columns. A metric recorded several times in a cell takes several lines. */
export function wideTable(rows: readonly Row[], options: WideOptions = {}): Table {
  const across =
    options.across !== undefined && rows.some((row) => options.across! in row.parameters)
      ? options.across
      : undefined
  const names = parameterNames(rows).filter((name) => name !== across)
  const units = new Map<string, string | null>()
  const metrics = new Set<string>()
  const spread = new Set<ParameterValue>()
  const groups = new Map<string, Group>()
  for (const row of rows) {
    metrics.add(row.metric)
    const unit = units.get(row.metric)
    units.set(row.metric, unit === undefined || unit === row.unit ? row.unit : null)
    const value = across === undefined ? undefined : row.parameters[across]
    if (value !== undefined) spread.add(value)
    const own = Object.fromEntries(
      names.filter((name) => name in row.parameters).map((name) => [name, row.parameters[name]])
    )
    const key = parametersKey(own)
    let group = groups.get(key)
    if (!group) groups.set(key, (group = { parameters: own, values: new Map() }))
    const lane = laneId(row.metric, value)
    const values = group.values.get(lane)
    if (values) values.push(row.value)
    else group.values.set(lane, [row.value])
  }
  const lanes = [...metrics].map((metric): Lane[] =>
    across === undefined
      ? [{ id: laneId(metric, undefined), metric }]
      : [...spread].map((value) => ({ id: laneId(metric, value), metric, across: value }))
  )
  const differences = options.differences === true && spread.size > 1
  const columns: Column[] = [...names.map(parameterColumn)]
  for (const group of lanes) {
    for (const lane of group)
      columns.push(valueColumn(lane, units.get(lane.metric) ?? undefined, metrics.size === 1))
    if (differences)
      for (const lane of group.slice(1)) columns.push(differenceColumn(lane, group[0], metrics.size === 1))
  }
  return { columns, rows: [...groups.values()].flatMap((group) => linesOf(group, names, lanes, differences)) }
}

const laneId = (metric: string, value: ParameterValue | undefined) =>
  value === undefined ? metric : `${metric} ${typeof value}:${String(value)}`

function valueColumn(lane: Lane, unit: string | undefined, onlyMetric: boolean): Column {
  const title =
    lane.across === undefined
      ? lane.metric
      : onlyMetric
        ? String(lane.across)
        : `${lane.metric} · ${lane.across}`
  return {
    id: `value:${lane.id}`,
    title,
    kind: 'value',
    ...(unit !== undefined && unit !== '1' ? { unit } : {})
  }
}

function differenceColumn(lane: Lane, base: Lane, onlyMetric: boolean): Column {
  const title = `${lane.across} vs ${base.across}`
  return {
    id: `difference:${lane.id}`,
    title: onlyMetric ? title : `${lane.metric} · ${title}`,
    kind: 'difference'
  }
}

function linesOf(
  group: Group,
  names: readonly string[],
  lanes: readonly Lane[][],
  differences: boolean
): CellValue[][] {
  const repeats = Math.max(...[...group.values.values()].map((values) => values.length))
  return Array.from({ length: repeats }, (_, repeat) => {
    const line: CellValue[] = names.map((name) => group.parameters[name])
    for (const metric of lanes) {
      const values = metric.map((lane) => group.values.get(lane.id)?.[repeat])
      line.push(...values)
      if (differences) line.push(...values.slice(1).map((value) => difference(values[0], value)))
    }
    return line
  })
}

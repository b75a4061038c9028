/** A finished run for people: its table and its verdicts in words. */
import { parametersText } from '../lab/diagnostic'
import type { Expectation } from '../protocol/results'
import type { RunRecord } from '../protocol/services'
import { numberText, plain, table } from './table'

const COUNTER = 'counter.'

function count(items: number, one: string): string {
  return `${items} ${one}${items === 1 ? '' : 's'}`
}

function head({ header, title }: RunRecord): string {
  const facts = [header?.claim && `Claim: ${header.claim}`, header?.source && `Source: ${header.source}`]
  return [title, ...facts.filter((fact) => fact !== undefined)]
    .map((line) => `${plain(String(line))}\n`)
    .join('')
}

function results(record: RunRecord): string {
  const shown = record.rows.filter((row) => !row.metric.startsWith(COUNTER))
  const hidden = record.rows.length - shown.length
  const names = Object.keys(record.header?.parameters ?? {})
  const rows = shown.map((row) =>
    [
      ...names.map((name) => String(row.parameters[name] ?? '')),
      row.metric,
      numberText(row.value),
      row.unit
    ].map(plain)
  )
  const note =
    hidden === 0 ? '' : `(${count(hidden, 'counter row')} not shown: --json and bundles have them)\n`
  return (rows.length === 0 ? '' : table([...names, 'metric', 'value', 'unit'], rows, ['value'])) + note
}

function held(expectations: readonly Expectation[]): string[] {
  const byName = new Map<string, number>()
  for (const { name, status } of expectations)
    if (status === 'pass') byName.set(name, (byName.get(name) ?? 0) + 1)
  return [...byName].map(
    ([name, times]) => `holds          ${plain(name)}${times > 1 ? ` (${times} times)` : ''}`
  )
}

function failed(expectations: readonly Expectation[]): string[] {
  return expectations.flatMap(({ name, status, expected, found, at, parameters }) => {
    if (status === 'pass') return []
    const cell = Object.keys(parameters).length > 0 ? ` [${parametersText(parameters)}]` : ''
    return [
      `does not hold  ${plain(name)}: expected ${plain(expected)}, found ${plain(found)}${plain(cell)} at ${at}`
    ]
  })
}

/** The last sentence: what the run says of the claim. */
export function verdict({ expectations, header }: Pick<RunRecord, 'expectations' | 'header'>): string {
  const fails = expectations.filter(({ status }) => status === 'fail').length
  if (expectations.length === 0) return 'Nothing was expected, so there is no verdict.'
  const what = header?.claim === undefined ? 'What was expected' : 'The claim'
  if (fails === 0) return `${what} holds: all ${count(expectations.length, 'expectation')} hold.`
  return `${what} does not hold: ${fails} of ${count(expectations.length, 'expectation')} ${fails === 1 ? 'fails' : 'fail'}.`
}

/** Title, results, verdicts. */
export function report(record: RunRecord): string {
  const verdicts = [...held(record.expectations), ...failed(record.expectations)]
    .map((line) => `${line}\n`)
    .join('')
  const parts = [head(record), results(record), verdicts, `${verdict(record)}\n`]
  return parts.filter((part) => part !== '').join('\n')
}

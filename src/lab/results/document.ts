/** The one document of a run: what `--json` prints and a bundle holds as `results.json`. */
import type { RunRecord } from '../../protocol/services'
import { experimentName, scriptFileName } from '../script/file-name'
import type { RunDocument } from './types'

/** The document of a run; holds nothing of when, where or how fast it ran. */
export function runDocument(record: RunRecord): RunDocument {
  const { engine, seed, rows, expectations } = record
  return {
    schema: 'contpte-lab/run@1',
    experiment: experimentName(scriptFileName(record.file)),
    engine: { version: engine.version, hash: engine.hash },
    seed,
    rows: rows.map(({ parameters, metric, value, unit, event }) => ({
      parameters,
      metric,
      value,
      unit,
      ...(event === undefined ? {} : { event })
    })),
    expectations: expectations.map(({ name, parameters, status, expected, found, at, event }) => ({
      name,
      parameters,
      status,
      expected,
      found,
      at,
      ...(event === undefined ? {} : { event })
    }))
  }
}

function lines(name: string, items: readonly unknown[]): string {
  const text = items.map((item) => `    ${JSON.stringify(item)}`).join(',\n')
  return `  "${name}": [${text === '' ? '' : `\n${text}\n  `}]`
}

/** The document as JSON, always the same bytes: one row and one expectation a line, so that differences are lines. */
export function documentText(document: RunDocument): string {
  const { schema, experiment, engine, seed, rows, expectations } = document
  const head = Object.entries({ schema, experiment, engine, seed }).map(
    ([name, value]) => `  "${name}": ${JSON.stringify(value)}`
  )
  return `{\n${[...head, lines('rows', rows), lines('expectations', expectations)].join(',\n')}\n}\n`
}

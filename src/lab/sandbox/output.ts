/** What one task of a script says: rows, expectations, printed lines, charts; and the limit on all of it. */
import { outputLimitProblem } from '../limits'
import type { ConsoleLine, Diagnostic, Expectation, Limits, Parameters, Row } from '../results/types'
import type { ScriptChart } from './messages'

/** Bytes a row or line costs beside its own characters. */
const OVERHEAD = 32

export class TaskOutput {
  readonly rows: Row[] = []
  readonly expectations: Expectation[] = []
  readonly console: ConsoleLine[] = []
  readonly charts: ScriptChart[] = []
  #bytes = 0

  constructor(
    readonly cell: number,
    readonly parameters: Parameters,
    private readonly limits: Limits,
    private readonly printed: (line: ConsoleLine) => void
  ) {}

  /** Each `add` answers the limit that is reached, and then has added nothing. */
  addRow(metric: string, value: number, unit: string, event?: number): Diagnostic | undefined {
    return this.#within(metric.length + unit.length, () => {
      const row = { parameters: this.parameters, metric, value: value === 0 ? 0 : value, unit }
      this.rows.push(event === undefined ? row : { ...row, event })
    })
  }

  addExpectation(expectation: Omit<Expectation, 'parameters'>): Diagnostic | undefined {
    const { name, expected, found, status, at, event } = expectation
    return this.#within(name.length + expected.length + found.length, () => {
      const stated = { name, parameters: this.parameters, status, expected, found, at }
      this.expectations.push(event === undefined ? stated : { ...stated, event })
    })
  }

  addLine(
    level: ConsoleLine['level'],
    text: string,
    at: string | undefined,
    event?: number
  ): Diagnostic | undefined {
    return this.#within(text.length, () => {
      const line: ConsoleLine = {
        cell: this.cell,
        level,
        text,
        ...(at === undefined ? {} : { at }),
        ...(event === undefined ? {} : { event })
      }
      this.console.push(line)
      this.printed(line)
    })
  }

  addChart(chart: ScriptChart, chars: number): Diagnostic | undefined {
    return this.#within(chars, () => void this.charts.push(chart))
  }

  #within(chars: number, add: () => void): Diagnostic | undefined {
    this.#bytes += chars + OVERHEAD
    if (this.#bytes > this.limits.outputBytes) return outputLimitProblem(this.limits)
    add()
    return undefined
  }
}

/** A run of the history in words. */
import type { RunStatus } from '../../../protocol/results'
import type { RunSummary } from '../../../protocol/services'
import { count, formatMilliseconds, formatNumber } from '../../parts/format'

export interface StatusMark {
  readonly mark: string
  readonly word: string
  readonly tone: 'good' | 'bad' | 'warn' | 'dim'
}

const MARKS: Readonly<Record<Exclude<RunStatus, 'finished'>, StatusMark>> = {
  checking: { mark: '…', word: 'checking', tone: 'dim' },
  running: { mark: '▶', word: 'running', tone: 'dim' },
  failed: { mark: '✗', word: 'stopped with an error', tone: 'bad' },
  cancelled: { mark: '■', word: 'cancelled', tone: 'warn' },
  lost: { mark: '!', word: 'lost with the simulator', tone: 'bad' }
}

/** How a run ended, as a mark and in words. */
export function statusMark({
  status,
  passed,
  failed
}: Pick<RunSummary, 'status' | 'passed' | 'failed'>): StatusMark {
  if (status !== 'finished') return MARKS[status]
  if (failed > 0) return { mark: '✗', word: 'does not hold', tone: 'bad' }
  return passed > 0
    ? { mark: '✓', word: 'holds', tone: 'good' }
    : { mark: '○', word: 'finished', tone: 'dim' }
}

/** Counts and costs of a run: `15 cells · 25 hold · seed 1 · 1.2 s`. */
export function runFacts(run: RunSummary): string {
  const cells =
    run.cellsTotal === 0
      ? 'no cells'
      : run.cellsDone === run.cellsTotal
        ? count(run.cellsTotal, 'cell')
        : `${formatNumber(run.cellsDone)} of ${count(run.cellsTotal, 'cell')}`
  const verdicts =
    run.failed > 0
      ? `${formatNumber(run.failed)} of ${count(run.passed + run.failed, 'expectation')} fail`
      : run.passed > 0
        ? `${count(run.passed, 'expectation')} hold`
        : 'no expectations'
  return [cells, verdicts, `seed ${run.seed}`, formatMilliseconds(run.elapsedMs)].join(' · ')
}

/** What was swept over, one parameter after the other: `kernel a, b; cpus 1 to 32 (5)`. */
export function sweptText(parameters: RunSummary['parameters']): string {
  return Object.entries(parameters ?? {})
    .map(([name, values]) => `${name} ${valuesText(values)}`)
    .join('; ')
}

function valuesText(values: readonly (string | number | boolean)[]): string {
  if (values.length <= 5) return values.join(', ')
  if (values.every((value) => typeof value === 'number'))
    return `${Math.min(...values)} to ${Math.max(...values)} (${values.length} values)`
  return `${values.slice(0, 3).join(', ')} and ${values.length - 3} more`
}

/** The time of day for today's runs, the date too for older ones. */
export function startedText(startedAt: string, now: Date): string {
  const started = new Date(startedAt)
  if (Number.isNaN(started.getTime())) return startedAt
  const time = started.toLocaleTimeString('en-GB')
  return started.toDateString() === now.toDateString()
    ? time
    : `${started.toLocaleDateString('en-CA')} ${time}`
}

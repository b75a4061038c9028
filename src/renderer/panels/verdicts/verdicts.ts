/**
 * Verdicts: what the expectations of a run say, gathered by name. A verdict is a sentence: holds or
 * does not hold, on which cells, what was expected, what was found, and where in the script.
 */
import type { Expectation, Parameters } from '../../../protocol/results'
import { describeCells, parametersKey } from '../../parts/parameters'

/** Cells of one expectation in which the same was expected and the same found. */
export interface Finding {
  readonly status: Expectation['status']
  readonly expected: string
  readonly found: string
  readonly at: string
  /** How often it was recorded. */
  readonly times: number
  /** The cells, in words. */
  readonly where: string
  /** The first of them, to go to the event at which it was found. */
  readonly first: Expectation
}

export interface Verdict {
  readonly name: string
  readonly status: Expectation['status']
  readonly passed: number
  readonly failed: number
  /** Where it holds, or, when it fails somewhere, where it does not. */
  readonly where: string
  /** Failing findings first. */
  readonly findings: readonly Finding[]
}

interface Gathered {
  readonly first: Expectation
  readonly cells: Parameters[]
}

/**
 * Gathers expectations by name; verdicts that do not hold come first, otherwise in order of
 * appearance. `cells` are all cells of the sweep, to say where in the fewest words.
 */
export function gatherVerdicts(
  expectations: readonly Expectation[],
  cells: readonly Parameters[]
): Verdict[] {
  const byName = new Map<string, Expectation[]>()
  for (const expectation of expectations) {
    const same = byName.get(expectation.name)
    if (same) same.push(expectation)
    else byName.set(expectation.name, [expectation])
  }
  const verdicts = [...byName].map(([name, all]) => verdictOf(name, all, cells))
  return [
    ...verdicts.filter(({ status }) => status === 'fail'),
    ...verdicts.filter(({ status }) => status === 'pass')
  ]
}

function verdictOf(name: string, all: readonly Expectation[], cells: readonly Parameters[]): Verdict {
  const failed = all.filter(({ status }) => status === 'fail')
  const telling = failed.length > 0 ? failed : all
  return {
    name,
    status: failed.length > 0 ? 'fail' : 'pass',
    passed: all.length - failed.length,
    failed: failed.length,
    where: describeCells(
      telling.map(({ parameters }) => parameters),
      cells
    ),
    findings: findingsOf(all, cells)
  }
}

function findingsOf(all: readonly Expectation[], cells: readonly Parameters[]): Finding[] {
  const gathered = new Map<string, Gathered>()
  for (const expectation of all) {
    const { status, expected, found, at } = expectation
    const key = JSON.stringify([status, expected, found, at])
    const same = gathered.get(key)
    if (same) same.cells.push(expectation.parameters)
    else gathered.set(key, { first: expectation, cells: [expectation.parameters] })
  }
  const findings = [...gathered.values()].map(({ first, cells: own }): Finding => ({
    status: first.status,
    expected: first.expected,
    found: first.found,
    at: first.at,
    times: own.length,
    where: describeCells(own, cells),
    first
  }))
  return [
    ...findings.filter(({ status }) => status === 'fail'),
    ...findings.filter(({ status }) => status === 'pass')
  ]
}

/** The whole run in one sentence. */
export function overallSentence(expectations: readonly Expectation[], cells: readonly Parameters[]): string {
  const failed = expectations.filter(({ status }) => status === 'fail').length
  const all = expectations.length
  const inCells = new Set(cells.map(parametersKey)).size
  const where = inCells === 1 ? 'in one cell' : `in ${inCells} cells`
  if (all === 1) return `The one expectation ${failed === 0 ? 'holds' : 'does not hold'} ${where}`
  if (failed === 0) return `All ${all} expectations hold ${where}`
  return `${failed} of ${all} expectations ${failed === 1 ? 'does' : 'do'} not hold ${where}`
}

/** Digits after the point that a verdict shows; the full text is on hover. */
const DECIMALS = 4

/** What was expected or found, with long fractions cut; integers and everything else stay as they are. */
export function readable(text: string): string {
  return text.replace(/-?\d+\.\d{5,}(?![\d.]|e[+-]?\d)/gi, (number) =>
    String(Number(Number(number).toFixed(DECIMALS)))
  )
}

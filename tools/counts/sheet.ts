import type { CounterName } from '../../src/engine/trace/counters'
import { evaluate, type Vars } from './expression'
import type { Case } from './shape'

/** Whose account a counter is on. */
export type Side = 'parent' | 'child' | 'mm'

/** One figure of a sheet. */
export interface Row {
  readonly side: Side
  readonly counter: CounterName
  readonly formula: string
  /** Only on CPUs with (true) or without (false) FEAT_TLBIRANGE; both when left out. */
  readonly range?: boolean
  /** The reference calls it approximate, or has no figure: ours, and why. */
  readonly own?: string
}

/** What one operation costs one or more kernels in one class of cases: every counter, all others 0. */
export interface Sheet {
  /** Which measurement: `fork`, `fork, read-only already`, `exit` ... */
  readonly operation: string
  readonly kernels: readonly string[]
  /** The class of orders, for people. */
  readonly when: string
  applies(of: Case): boolean
  readonly source: string
  readonly rows: readonly Row[]
}

/** `parent.read` and so on, with how often. */
export type Figures = Readonly<Record<string, number>>

export const keyOf = ({ side, counter }: Row): string => `${side}.${counter}`

/** What a sheet says for one case: all figures that are not 0. Several rows of one counter add up. */
export function expected(sheet: Sheet, of: Case, vars: Vars): Figures {
  const figures: Record<string, number> = {}
  for (const row of sheet.rows) {
    if (row.range !== undefined && row.range !== of.range) continue
    const value = evaluate(row.formula, vars)
    if (value !== 0) figures[keyOf(row)] = (figures[keyOf(row)] ?? 0) + value
  }
  return figures
}

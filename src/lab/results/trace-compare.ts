/** Two traces side by side. */

/** Operations of two traces side by side; -1 where one has no counterpart. */
export interface TracePair {
  readonly a: number
  readonly b: number
  readonly title: string
  /** Events at which both have done the operation: the states to compare. */
  readonly aEvent: number
  readonly bEvent: number
}

export interface TraceAlignment {
  readonly pairs: readonly TracePair[]
  readonly total: number
  /** Operations of either side without a counterpart. */
  readonly unmatchedA: number
  readonly unmatchedB: number
}

export interface TraceCounterpart {
  /** Event of the other trace. */
  readonly event: number
  readonly pair: number
  /** How it was found: the pair's end, the page being worked on, or only the operation. */
  readonly by: 'operation' | 'page' | 'start'
}

/** One cell (entry) that differs. Frames are not compared: allocators may differ. */
export interface TraceCellDifference {
  readonly pid: number
  readonly otherPid: number
  readonly address: number
  /** The two entries in words of the panels, e.g. `writable, contiguous` and `read-only`. */
  readonly a: string
  readonly b: string
}

export interface TraceDifferences {
  readonly a: number
  readonly b: number
  /** At most as many as asked for; `cellsTotal` counts all. */
  readonly cells: readonly TraceCellDifference[]
  readonly cellsTotal: number
  readonly counters: readonly { readonly name: string; readonly a: number; readonly b: number }[]
  readonly verdicts: readonly {
    readonly name: string
    readonly a: 'pass' | 'fail' | 'none'
    readonly b: 'pass' | 'fail' | 'none'
  }[]
}

export type TraceAspect = 'cells' | 'counters' | 'verdicts'

export interface TraceDifferenceFound {
  readonly found: boolean
  /** Pair of operations in which the two begin to differ. */
  readonly pair: number
  /** First event of each side after which they differ. */
  readonly a: number
  readonly b: number
  readonly aspect: TraceAspect
  readonly text: string
}

/**
 * Who runs the cells of a sweep. Local workers now; a queue over machines later fits the same door,
 * because a cell needs nothing but its script, its parameters and its seed.
 */
import type { CellResult, ConsoleLine, Parameters } from '../results/types'
import type { TaskResult } from '../sandbox/messages'
import type { Within } from '../sandbox/meter'
import { Lane, type LaneEnvironment, type LaneScript } from './lane'
import type { Cell } from './types'

/** Where a sweep stands. `done` never falls. */
export interface DispatchProgress {
  readonly done: number
  readonly total: number
  /** Parameters of the cell that was started last. */
  readonly current?: Parameters
  /** What the scripts of cells under way say they have done of them, in cells. */
  readonly part: number
  /** What that cell itself says, where it says it. */
  readonly within?: Within
}

export interface DispatchEvents {
  /** A cell ended, in any order. */
  readonly finished?: (cell: CellResult) => void
  readonly printed?: (line: ConsoleLine) => void
  readonly progressed?: () => void
}

export interface Dispatcher {
  /** Starts running cells, in their order. */
  submit(cells: readonly Cell[]): void
  progress(): DispatchProgress
  /** Ends all cells within a second; those that had finished stay in the results. */
  cancel(): Promise<void>
  /**
   * Finished cells in order, once all have ended. When a cell fails, the results end with the first
   * failing cell in order, whatever finished elsewhere: the same for any number of workers.
   */
  readonly results: Promise<readonly CellResult[]>
}

function cellResult(cell: Cell, result: TaskResult): CellResult {
  const { rows, expectations, console, forks, error } = result
  const { index, key, parameters } = cell
  return { index, key, parameters, rows, expectations, console, forks, ...(error ? { error } : {}) }
}

/** Runs cells in workers of this process, each lane one at a time. */
export class LocalWorkers implements Dispatcher {
  readonly results: Promise<readonly CellResult[]>
  readonly #env: LaneEnvironment
  readonly #script: LaneScript
  readonly #events: DispatchEvents
  readonly #wanted: number
  readonly #idle: Lane[] = []
  readonly #busy = new Map<number, { readonly cell: Cell; readonly lane: Lane }>()
  readonly #finished = new Map<number, CellResult>()
  #cells: readonly Cell[] = []
  #next = 0
  #firstFailure = Infinity
  #cancelled = false
  #resolve: (results: readonly CellResult[]) => void = () => undefined

  constructor(
    env: LaneEnvironment,
    script: LaneScript,
    workers: number,
    events: DispatchEvents,
    lane?: Lane,
    /** Events of each cell's trace, where the cells are traced. */
    private readonly trace?: number
  ) {
    this.#env = env
    this.#script = script
    this.#events = events
    this.#wanted = workers
    if (lane) this.#idle.push(lane)
    this.results = new Promise((resolve) => (this.#resolve = resolve))
  }

  submit(cells: readonly Cell[]): void {
    this.#cells = cells
    this.#fill()
  }

  progress(): DispatchProgress {
    const newest = [...this.#busy.values()].at(-1)
    const done = this.#finished.size
    const told = [...this.#busy.values()].map(({ lane }) => lane.within())
    const part = told.reduce((sum, within) => sum + (within ? within.done / within.of : 0), 0)
    const within = told.at(-1)
    return {
      done,
      total: this.#cells.length,
      part,
      ...(newest ? { current: newest.cell.parameters } : {}),
      ...(within ? { within } : {})
    }
  }

  async cancel(): Promise<void> {
    this.#cancelled = true
    const lanes = [...[...this.#busy.values()].map(({ lane }) => lane), ...this.#idle]
    await Promise.all(lanes.map((lane) => lane.end()))
    this.#settle()
  }

  #fill(): void {
    while (
      !this.#cancelled &&
      this.#busy.size < this.#wanted &&
      this.#next < Math.min(this.#cells.length, this.#firstFailure)
    ) {
      const cell = this.#cells[this.#next++]
      const lane =
        this.#idle.pop() ?? new Lane(this.#env, this.#script, (line) => this.#events.printed?.(line))
      this.#busy.set(cell.index, { cell, lane })
      void this.#run(cell, lane)
    }
    this.#events.progressed?.()
    this.#settle()
  }

  async #run(cell: Cell, lane: Lane): Promise<void> {
    const result = cellResult(cell, await lane.run({ kind: 'cell', cell, trace: this.trace }))
    this.#busy.delete(cell.index)
    if (lane.usable) this.#idle.push(lane)
    if (this.#cancelled && result.error) return this.#settle()
    const late = cell.index > this.#firstFailure
    if (!late) {
      this.#finished.set(cell.index, result)
      if (result.error) await this.#failed(cell.index)
      this.#events.finished?.(result)
    }
    this.#fill()
  }

  /** Cells after a failure no longer matter; cells before it do. */
  async #failed(index: number): Promise<void> {
    this.#firstFailure = Math.min(this.#firstFailure, index)
    const later = [...this.#busy.values()].filter(({ cell }) => cell.index > index)
    await Promise.all(later.map(({ lane }) => lane.end()))
  }

  #settle(): void {
    const open = !this.#cancelled && this.#next < Math.min(this.#cells.length, this.#firstFailure)
    if (this.#busy.size > 0 || open) return
    for (const lane of this.#idle.splice(0)) void lane.end()
    const results = [...this.#finished.values()].filter((cell) => cell.index <= this.#firstFailure)
    this.#resolve(results.sort((a, b) => a.index - b.index))
  }
}

/** One line on a terminal that says where a run is; nothing where nobody watches. */
import { parametersText } from '../lab/diagnostic'
import type { SimulatorEvent } from '../protocol/services'
import type { Io } from './io'
import { numberText } from './table'

type Progress = Extract<SimulatorEvent, { type: 'run-progress' }>

const BAR_CELLS = 20

/** `8 s`, `2 min 5 s`. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000)
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

/** The line for a state of a run, no longer than the terminal is wide. */
export function progressLine(progress: Progress, columns: number): string {
  const { status, cellsDone, cellsTotal, share, elapsedMs, remainingMs, current, within } = progress
  if (status === 'checking') return 'checking the script'
  const filled = cellsTotal === 0 ? 0 : Math.floor((share / cellsTotal) * BAR_CELLS)
  const bar = `[${'#'.repeat(filled)}${'.'.repeat(BAR_CELLS - filled)}]`
  const left = remainingMs < 0 ? '' : `, about ${duration(remainingMs)} left`
  const cell = current && Object.keys(current).length > 0 ? `  ${parametersText(current)}` : ''
  const part = within ? `, ${numberText(within.done)}/${numberText(within.of)}` : ''
  return `${bar} ${cellsDone}/${cellsTotal} cells${part}  ${duration(elapsedMs)}${left}${cell}`.slice(
    0,
    columns - 1
  )
}

/** The line as it is on the screen now. */
export class ProgressLine {
  #shown = ''

  constructor(private readonly io: Io) {}

  show(progress: Progress): void {
    if (!this.io.live) return
    const line = progressLine(progress, this.io.columns)
    if (line === this.#shown) return
    this.io.err(`\r\u001b[K${line}`)
    this.#shown = line
  }

  /** Makes room for other text; the next `show` draws the line again. */
  clear(): void {
    if (this.#shown === '') return
    this.io.err('\r\u001b[K')
    this.#shown = ''
  }
}

/** What the script printed, cut into the lines that are drawn. */
import type { ConsoleLine } from '../../../protocol/results'

export type Level = ConsoleLine['level']

export interface DrawnLine {
  readonly text: string
  readonly level: Level
  /** Cell index, or -1 for `conclude`. */
  readonly cell: number
  readonly at?: string
  /** Which call printed it: its place in the run's console. */
  readonly call: number
  /** First line of what one call printed: the one with level, cell and place. */
  readonly first: boolean
}

export interface ConsoleFilter {
  readonly text: string
  readonly levels: ReadonlySet<Level>
  /** Only this cell; undefined for all. */
  readonly cell?: number
}

/** Printed text has no bounds: one drawn line is cut here, and says so. */
export const LONGEST_LINE = 2000

/** Lines that pass the filter. A call is kept or dropped whole, so that its lines stay together. */
export function drawnLines(console: readonly ConsoleLine[], filter: ConsoleFilter): DrawnLine[] {
  const wanted = filter.text.trim().toLowerCase()
  const drawn: DrawnLine[] = []
  for (const [call, { text, level, cell, at }] of console.entries()) {
    if (!filter.levels.has(level)) continue
    if (filter.cell !== undefined && filter.cell !== cell) continue
    if (wanted && !text.toLowerCase().includes(wanted)) continue
    const lines = text.split(/\r\n|\r|\n/)
    for (const [index, line] of lines.entries())
      drawn.push({ text: cut(line), level, cell, call, at: index === 0 ? at : undefined, first: index === 0 })
  }
  return drawn
}

function cut(line: string): string {
  if (line.length <= LONGEST_LINE) return line
  return `${line.slice(0, LONGEST_LINE)}… (${line.length - LONGEST_LINE} more characters)`
}

/** Cells that printed something, ascending; -1 is `conclude`. */
export function printingCells(console: readonly ConsoleLine[]): number[] {
  return [...new Set(console.map(({ cell }) => cell))].sort((a, b) => a - b)
}

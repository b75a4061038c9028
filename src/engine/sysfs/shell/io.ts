import type { SysfsTree } from '../tree'

/** What a program of the shell works with. */
export interface Io {
  readonly tree: SysfsTree
  /** Working directory, absolute. */
  readonly directory: string
  /** What comes by a pipe or from a file; undefined at a terminal, where nothing is typed. */
  readonly stdin: string | undefined
  /** One write(2) to standard output. Throws what the file there answers. */
  out(text: string): void
  /** A message on standard error. */
  err(text: string): void
}

/** A program: answers its exit status. */
export type Program = (args: readonly string[], io: Io) => number

/** The lines of a text; a newline at the end ends the last one. */
export function linesOf(text: string): string[] {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines
}

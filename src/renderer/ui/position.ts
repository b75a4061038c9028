/** A place in a script. Lines and columns count from 1. */
export interface Position {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** Reads `file:line:column` or `file:line`; `undefined` for anything else. */
export function parsePosition(at: string): Position | undefined {
  const match = /^(.+?):(\d+)(?::(\d+))?$/.exec(at)
  if (!match) return undefined
  return { file: match[1], line: Number(match[2]), column: Number(match[3] ?? 1) }
}

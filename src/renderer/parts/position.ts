/** Places in a script, as `file:line:column`, 1-based. */
export interface Position {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** Reads `file:line:column` or `file:line`; `undefined` when it is no place. */
export function parsePosition(at: string | undefined): Position | undefined {
  const match = /^(.+?):(\d+)(?::(\d+))?$/.exec(at ?? '')
  if (!match) return undefined
  const line = Number(match[2])
  const column = Number(match[3] ?? 1)
  return line >= 1 && column >= 1 ? { file: match[1], line, column } : undefined
}

/** `file:line` for showing; the column is only for jumping. */
export function formatPosition(position: Position): string {
  return `${position.file}:${position.line}`
}

/** A piece of text, with the place it names when it names one. */
export interface TextPiece {
  readonly text: string
  readonly position?: Position
}

/** Cuts a printed line into plain text and places of the script `file`, which become links. */
export function linkPositions(text: string, file: string): TextPiece[] {
  if (!file) return [{ text }]
  const escaped = file.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const pattern = new RegExp(`${escaped}:\\d+(?::\\d+)?`, 'g')
  const pieces: TextPiece[] = []
  let end = 0
  for (const match of text.matchAll(pattern)) {
    if (match.index > end) pieces.push({ text: text.slice(end, match.index) })
    pieces.push({ text: match[0], position: parsePosition(match[0]) })
    end = match.index + match[0].length
  }
  if (end < text.length || pieces.length === 0) pieces.push({ text: text.slice(end) })
  return pieces
}

/** Places of a script inside printed text. */
import { parsePosition, type Position } from '../ui/position'

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

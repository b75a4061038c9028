/** Where in the user's file something is: 1-based lines, and columns in UTF-16 units as editors count. */

export interface Position {
  readonly line: number
  readonly column: number
}

/** Line and column of an offset into a text. */
export function positionAt(text: string, offset: number): Position {
  let line = 1
  let start = 0
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) {
    line++
    start = at + 1
  }
  return { line, column: offset - start + 1 }
}

/** A column counted in code points as a column counted in UTF-16 units. */
export function utf16Column(lineText: string, codePointColumn: number): number {
  let units = 0
  let points = 1
  for (const point of lineText) {
    if (points >= codePointColumn) break
    units += point.length
    points++
  }
  return units + 1 + Math.max(0, codePointColumn - points)
}

/**
 * The interpreter places a call at its opening parenthesis and a property read at its dot. People look
 * for the name: `expect(x).toBe(1)` is at `toBe`, `new Error()` at `new`.
 */
export function nameColumn(lineText: string, column: number): number {
  const index = column - 1
  if (lineText[index] === '.') return column + 1
  if (lineText[index] !== '(') return column
  const before = lineText.slice(0, index)
  const match = /(?:\bnew\s+)?[\p{ID_Start}$_][\p{ID_Continue}$]*\s*$/u.exec(before)
  return match ? match.index + 1 : column
}

const ZERO_WIDTH = /^[\p{M}\p{Cf}]$/u
const WIDE =
  /^[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]$/u

/** What a character adds to the stripper's columns: UTF-16 units, corrected by its width on a terminal. */
function strippersWidth(point: string): number {
  if (point === '\t') return 4
  if (ZERO_WIDTH.test(point)) return point.length - 1
  return point.length + (WIDE.test(point) ? 1 : 0)
}

/** A 0-based column as the type stripper counts them (tabs and wide characters weigh more), from 1 in UTF-16 units. */
export function columnFromStripper(lineText: string, cells: number): number {
  let units = 0
  let width = 0
  for (const point of lineText) {
    if (width >= cells) break
    width += strippersWidth(point)
    units += point.length
  }
  return units + 1 + Math.max(0, cells - width)
}

/** Where the method or property `name` is written, or the start of the text: for what has no place of its own. */
export function memberPosition(text: string, name: string): Position {
  const match = new RegExp(`^[ \\t]*(?:async\\s+)?${name}\\s*[(:]`, 'm').exec(text)
  return match ? positionAt(text, match.index + match[0].indexOf(name)) : { line: 1, column: 1 }
}

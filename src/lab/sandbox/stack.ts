/** From the interpreter's stack text to a place in the user's file. */
import { nameColumn, utf16Column, type Position } from '../script/position'

/** Characters of a call shown as a step. */
const MAX_CALL_CHARS = 120

/** Finds user positions in stacks of one script. */
export class StackReader {
  readonly #frame: RegExp
  readonly #lines: readonly string[]

  /**
   * @param file the name the script was evaluated under
   * @param code the text that was evaluated; its lines and columns are the user's
   */
  constructor(file: string, code: string) {
    const name = file.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    this.#frame = new RegExp(`(?:\\(| at )${name}:(\\d+)(?::(\\d+))?\\)?\\s*$`)
    this.#lines = code.split('\n')
  }

  /** The innermost frame that lies in the user's file. */
  position(stack: string): Position | undefined {
    for (const frame of stack.split('\n')) {
      const match = this.#frame.exec(frame)
      if (!match) continue
      const line = Number(match[1])
      const text = this.#lines[line - 1] ?? ''
      return { line, column: nameColumn(text, utf16Column(text, Number(match[2] ?? 1))) }
    }
    return undefined
  }

  /** The source of the call at a position with what it is called on: `parent.fork()`. */
  call(at: Position): string {
    const line = this.#lines[at.line - 1] ?? ''
    const receiver = /[\w$.[\]]*$/.exec(line.slice(0, at.column - 1))?.[0] ?? ''
    const text = [line.slice(at.column - 1), ...this.#lines.slice(at.line, at.line + 10)].join('\n')
    const open = text.indexOf('(')
    let end = open
    // Each round takes one argument with what ends it.
    while (end !== -1 && text[end] !== ')') end = argumentEnd(text, end + 1)
    const call = `${receiver}${end < 0 ? line.slice(at.column - 1) : text.slice(0, end + 1)}`
    const short = call.replace(/\s+/g, ' ').trim()
    return short.length <= MAX_CALL_CHARS ? short : `${short.slice(0, MAX_CALL_CHARS - 1)}…`
  }

  /** The source of the first argument of the call at a position, for sentences: `m.counters.unfold`. */
  firstArgument(at: Position | undefined): string | undefined {
    if (!at) return undefined
    const text = [
      this.#lines[at.line - 1].slice(at.column - 1),
      ...this.#lines.slice(at.line, at.line + 10)
    ].join('\n')
    const open = text.indexOf('(')
    if (open === -1) return undefined
    const end = argumentEnd(text, open + 1)
    const argument = text
      .slice(open + 1, end)
      .replace(/\s+/g, ' ')
      .trim()
    return end !== -1 && argument !== '' && argument.length <= 80 ? argument : undefined
  }
}

/** Where the argument that starts at `from` ends, or -1 when that is not plain to see. */
function argumentEnd(text: string, from: number): number {
  let depth = 0
  for (let at = from; at < text.length; at++) {
    const char = text[at]
    if (char === '"' || char === "'" || char === '`') {
      at = text.indexOf(char, at + 1)
      if (at === -1) return -1
    } else if ('([{'.includes(char)) depth++
    else if (depth === 0 && (char === ')' || char === ',')) return at
    else if (')]}'.includes(char)) depth--
  }
  return -1
}

/**
 * The words and operators of a command line, as bash cuts them: quotes, escapes, variables, comments.
 * Source: POSIX.1-2017, Shell Command Language, 2.2 and 2.3.
 */

/** One character of a word, a variable, or a command; `quoted` ones are never split, globbed or brace-expanded. */
export type Piece =
  | { readonly char: string; readonly quoted: boolean }
  | { readonly variable: string; readonly quoted: boolean }
  /** `$(...)`: what it prints stands in its place. */
  | { readonly command: string; readonly quoted: boolean }

/** A word; one that is only empty quotes still is a word. */
export interface Word {
  readonly kind: 'word'
  readonly pieces: readonly Piece[]
  readonly quoted: boolean
  /** As it was typed. */
  readonly text: string
}

export interface Operator {
  readonly kind: 'operator'
  readonly text: string
  /** File descriptor written before a redirection. */
  readonly descriptor?: number
}

export type Token = Word | Operator

/** What the line has that this shell does not know, or does not end. */
export class ShellSyntaxError extends Error {}

const OPERATORS = ['&>>', '&>', '&&', '||', '>>', '>&', '>|', '<<', ';', '|', '>', '<', '&', '(', ')', '\n']
/** Commands inside of commands inside of commands. */
export const MOST_NESTED = 50
const NAME = /^(?:[A-Za-z_][A-Za-z0-9_]*|\?)/

/** Cuts a line. Throws `ShellSyntaxError`. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  while (at < text.length) {
    const rest = text.slice(at, at + 3)
    if (/^[ \t\r]/.test(rest)) at++
    else if (rest.startsWith('\\\n')) at += 2
    else if (rest.startsWith('#')) {
      const end = text.indexOf('\n', at)
      at = end < 0 ? text.length : end
    } else {
      const redirect = /^(\d)[<>]/.exec(rest)
      const from = redirect === null ? at : at + 1
      const operator = OPERATORS.find((one) => text.startsWith(one, from))
      if (operator !== undefined) {
        tokens.push({
          kind: 'operator',
          text: operator,
          ...(redirect && { descriptor: Number(redirect[1]) })
        })
        at = from + operator.length
      } else {
        const word = new WordReader(text, at).read()
        tokens.push(word)
        at += word.text.length
      }
    }
  }
  return tokens
}

/** Reads one word. */
class WordReader {
  readonly #pieces: Piece[] = []
  #quoted = false
  #at: number

  constructor(
    readonly text: string,
    readonly start: number
  ) {
    this.#at = start
  }

  read(): Word {
    for (; this.#at < this.text.length; this.#at++) {
      const char = this.text[this.#at]
      if (/[ \t\r]/.test(char) || OPERATORS.some((one) => one.length === 1 && one === char)) break
      if (char === "'") this.#single()
      else if (char === '"') this.#double()
      else if (char === '\\') this.#escape()
      else if (char === '$') this.#variable(false)
      else if (char === '`') this.#backquoted(false)
      else this.#add(char, false)
    }
    const text = this.text.slice(this.start, this.#at)
    return { kind: 'word', pieces: this.#pieces, quoted: this.#quoted, text }
  }

  #add(char: string, quoted: boolean): void {
    this.#pieces.push({ char, quoted })
  }

  #single(): void {
    this.#quoted = true
    const end = this.text.indexOf("'", this.#at + 1)
    if (end < 0) throw unfinished("'")
    for (const char of this.text.slice(this.#at + 1, end)) this.#add(char, true)
    this.#at = end
  }

  #double(): void {
    this.#quoted = true
    for (this.#at++; this.text[this.#at] !== '"'; this.#at++) {
      const char = this.text[this.#at]
      if (char === undefined) throw unfinished('"')
      if (char === '$') this.#variable(true)
      else if (char === '`') this.#backquoted(true)
      else if (char === '\\' && '$`"\\\n'.includes(this.text[this.#at + 1] ?? 'x')) {
        this.#at++
        if (this.text[this.#at] !== '\n') this.#add(this.text[this.#at], true)
      } else this.#add(char, true)
    }
  }

  #escape(): void {
    this.#at++
    const char = this.text[this.#at]
    if (char === undefined) this.#add('\\', true)
    else if (char !== '\n') {
      this.#quoted = true
      this.#add(char, true)
    }
  }

  /** The old way to write `$(...)`: a backslash goes before a backquote, a dollar or a backslash. */
  #backquoted(quoted: boolean): void {
    let command = ''
    for (this.#at++; this.text[this.#at] !== '`'; this.#at++) {
      if (this.text[this.#at] === '\\' && '$`\\'.includes(this.text[this.#at + 1] ?? 'x')) this.#at++
      const char = this.text[this.#at]
      if (char === undefined) throw unfinished('`')
      command += char
    }
    this.#pieces.push({ command, quoted })
  }

  #variable(quoted: boolean): void {
    const rest = this.text.slice(this.#at + 1)
    if (rest.startsWith('((')) throw unknown('$((')
    if (rest.startsWith('(')) {
      const end = endOfCommand(this.text, this.#at + 2)
      this.#pieces.push({ command: this.text.slice(this.#at + 2, end), quoted })
      this.#at = end
      return
    }
    const braced = /^\{([A-Za-z_][A-Za-z0-9_]*)\}/.exec(rest)
    const [name] = braced ? [braced[1]] : (NAME.exec(rest) ?? [undefined])
    if (name === undefined) {
      if (/^[{@*#$!0-9-]/.test(rest)) throw unknown(`$${rest[0]}`)
      this.#add('$', quoted)
      return
    }
    this.#pieces.push({ variable: name, quoted })
    this.#at += braced ? braced[0].length : name.length
  }
}

/** Where the parenthesis that closes a `$(` stands, past quotes and what is nested. */
function endOfCommand(text: string, from: number, within = 1): number {
  if (within > MOST_NESTED)
    throw new ShellSyntaxError(`more than ${MOST_NESTED} commands inside of each other`)
  let depth = 1
  for (let at = from; at < text.length; at++) {
    const char = text[at]
    if (char === '\\') at++
    else if (char === "'") {
      at = text.indexOf("'", at + 1)
      if (at < 0) throw unfinished("'")
    } else if (char === '"') {
      for (at++; text[at] !== '"'; at++) {
        if (at >= text.length) throw unfinished('"')
        if (text[at] === '\\') at++
        else if (text.startsWith('$(', at)) at = endOfCommand(text, at + 2, within + 1)
      }
    } else if (char === '(') depth++
    else if (char === ')' && --depth === 0) return at
  }
  throw unfinished(')')
}

function unfinished(quote: string): ShellSyntaxError {
  return new ShellSyntaxError(`unexpected EOF while looking for matching \`${quote}'`)
}

/** What bash knows and this shell does not. */
export function unknown(what: string): ShellSyntaxError {
  return new ShellSyntaxError(`${what} is not known to this shell; see 'help'`)
}

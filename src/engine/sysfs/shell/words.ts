/**
 * The words and operators of a command line, as bash cuts them: quotes, escapes, variables, comments.
 * Source: POSIX.1-2017, Shell Command Language, 2.2 and 2.3.
 */

/** One character of a word, or a variable; `quoted` ones are never split, globbed or brace-expanded. */
export type Piece =
  | { readonly char: string; readonly quoted: boolean }
  | { readonly variable: string; readonly quoted: boolean }

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
      else if (char === '`') throw unknown('`')
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
      else if (char === '`') throw unknown('`')
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

  #variable(quoted: boolean): void {
    const rest = this.text.slice(this.#at + 1)
    if (rest.startsWith('(')) throw unknown('$(')
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

function unfinished(quote: string): ShellSyntaxError {
  return new ShellSyntaxError(`unexpected EOF while looking for matching \`${quote}'`)
}

/** What bash knows and this shell does not. */
export function unknown(what: string): ShellSyntaxError {
  return new ShellSyntaxError(`${what} is not known to this shell; see 'help'`)
}

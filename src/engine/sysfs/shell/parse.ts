/**
 * From words to commands: lists, pipelines, `for` loops and redirections.
 * Source: POSIX.1-2017, Shell Command Language, 2.9 and 2.10.
 */
import { ShellSyntaxError, tokenize, unknown, type Token, type Word } from './words'

/** `>file`, `2>&1`, `<file`. */
export interface Redirection {
  readonly descriptor: number
  readonly operator: '>' | '>&' | '<' | '&>'
  readonly target: Word
}

export interface SimpleCommand {
  readonly kind: 'simple'
  readonly words: readonly Word[]
  readonly redirections: readonly Redirection[]
}

export interface ForLoop {
  readonly kind: 'for'
  readonly name: string
  readonly words: readonly Word[]
  readonly body: List
}

export type Command = SimpleCommand | ForLoop

/** One pipeline of a list, and what must hold of the one before it. */
export interface Step {
  readonly when: 'always' | 'success' | 'failure'
  readonly negated: boolean
  readonly commands: readonly Command[]
}

export type List = readonly Step[]

const RESERVED = ['if', 'while', 'until', 'case', 'function', 'select', '{', '[[']

/** Parses what was typed. Throws `ShellSyntaxError`. */
export function parse(text: string): List {
  const parser = new Parser(tokenize(text))
  const list = parser.list([])
  parser.end()
  return list
}

class Parser {
  #at = 0

  constructor(readonly tokens: readonly Token[]) {}

  end(): void {
    if (this.#at < this.tokens.length) throw this.#unexpected()
  }

  list(until: readonly string[]): List {
    const steps: Step[] = []
    let when: Step['when'] = 'always'
    for (;;) {
      while (this.#operator('\n') !== undefined);
      const next = this.#peek()
      if (next === undefined || (next.kind === 'word' && until.includes(next.text))) {
        if (when !== 'always') throw this.#unexpected()
        return steps
      }
      steps.push(this.#pipeline(when))
      const operator = this.#operator('&&', '||', ';', '\n')
      if (operator === undefined) return steps
      when = operator === '&&' ? 'success' : operator === '||' ? 'failure' : 'always'
    }
  }

  #pipeline(when: Step['when']): Step {
    const negated = this.#keyword('!')
    const commands = [this.#command()]
    while (this.#operator('|') !== undefined) {
      while (this.#operator('\n') !== undefined);
      commands.push(this.#command())
    }
    return { when, negated, commands }
  }

  #command(): Command {
    if (this.#keyword('for')) return this.#for()
    const words: Word[] = []
    const redirections: Redirection[] = []
    for (let token = this.#peek(); token !== undefined; token = this.#peek()) {
      if (token.kind === 'word') {
        if (words.length === 0 && RESERVED.includes(token.text)) throw unknown(token.text)
        words.push(token)
        this.#at++
        continue
      }
      const redirection = this.#redirection()
      if (redirection === undefined) break
      redirections.push(redirection)
    }
    if (words.length === 0 && redirections.length === 0) throw this.#unexpected()
    return { kind: 'simple', words, redirections }
  }

  #for(): ForLoop {
    const name = this.#word()
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name.text)) {
      throw new ShellSyntaxError(`\`${name.text}': not a valid identifier`)
    }
    if (!this.#keyword('in')) throw this.#unexpected()
    const words: Word[] = []
    while (this.#peek()?.kind === 'word') words.push(this.#word())
    while (this.#operator(';', '\n') !== undefined);
    if (!this.#keyword('do')) throw this.#unexpected()
    const body = this.list(['done'])
    if (!this.#keyword('done')) throw this.#unexpected()
    return { kind: 'for', name: name.text, words, body }
  }

  #redirection(): Redirection | undefined {
    const token = this.#peek()
    if (token?.kind !== 'operator') return undefined
    const { text, descriptor } = token
    if (text === '<<' || text === '&' || text === '(') throw unknown(text)
    if (!/[<>]/.test(text)) return undefined
    this.#at++
    if (this.#peek() === undefined) throw new ShellSyntaxError("syntax error near unexpected token `newline'")
    const target = this.#word()
    // To a settings file, to append and to truncate are the same.
    const operator = text.startsWith('&') ? '&>' : text === '<' || text === '>&' ? text : '>'
    return { descriptor: descriptor ?? (operator === '<' ? 0 : 1), operator, target }
  }

  #word(): Word {
    const token = this.#peek()
    if (token?.kind !== 'word') throw this.#unexpected()
    this.#at++
    return token
  }

  #keyword(text: string): boolean {
    const token = this.#peek()
    if (token?.kind !== 'word' || token.quoted || token.text !== text) return false
    this.#at++
    return true
  }

  #operator(...texts: readonly string[]): string | undefined {
    const token = this.#peek()
    if (token?.kind !== 'operator' || !texts.includes(token.text)) return undefined
    this.#at++
    return token.text
  }

  #peek(): Token | undefined {
    return this.tokens[this.#at]
  }

  #unexpected(): ShellSyntaxError {
    const token = this.#peek()
    if (token === undefined) return new ShellSyntaxError('syntax error: unexpected end of file')
    const text = token.text === '\n' ? 'newline' : token.text
    return new ShellSyntaxError(`syntax error near unexpected token \`${text}'`)
  }
}

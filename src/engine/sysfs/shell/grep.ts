/** `grep`, as GNU's does it for what is asked of settings files. Source: POSIX.1-2017 grep, GNU grep 3.8. */
import { strerror } from './errno'
import { linesOf, type Io } from './io'
import { getopt, type Parsed } from './options'

const OPTIONS = 'rRHhlLvicnEFGqswxoe:m:'
const USAGE = 'Usage: grep [OPTION]... PATTERNS [FILE]...\n'

/** 0 where a line was found, 1 where none was, 2 after an error. */
export function grep(args: readonly string[], io: Io): number {
  const parsed = getopt(args, OPTIONS)
  const operands = [...parsed.operands]
  const pattern = parsed.values.get('e') ?? operands.shift()
  if (parsed.wrong !== undefined || pattern === undefined) {
    io.err(`${parsed.wrong === undefined ? '' : `grep: ${parsed.wrong}\n`}${USAGE}`)
    return 2
  }
  const matcher = compile(pattern, parsed.flags)
  if (matcher === undefined) {
    io.err('grep: Invalid regular expression\n')
    return 2
  }
  return new Search(io, parsed, matcher).run(operands)
}

class Search {
  #found = false
  #failed = false
  #output = ''
  readonly #recursive: boolean
  readonly #flags: ReadonlySet<string>

  constructor(
    readonly io: Io,
    readonly parsed: Parsed,
    readonly matcher: RegExp
  ) {
    this.#flags = parsed.flags
    this.#recursive = this.#flags.has('r') || this.#flags.has('R')
  }

  run(operands: readonly string[]): number {
    const named = !this.#flags.has('h') && (this.#flags.has('H') || this.#recursive || operands.length > 1)
    if (operands.length === 0 && this.#recursive) this.#directory('', named)
    else if (operands.length === 0) this.#text(this.io.stdin ?? '', '(standard input)', named)
    for (const operand of operands) this.#operand(operand, named)
    if (this.#output !== '' && !this.#flags.has('q')) {
      try {
        this.io.out(this.#output)
      } catch (error) {
        this.io.err(`grep: write error: ${strerror(error)}\n`)
        return 2
      }
    }
    if (this.#found && this.#flags.has('q')) return 0
    return this.#failed ? 2 : this.#found ? 0 : 1
  }

  #operand(path: string, named: boolean): void {
    const { tree, directory, stdin } = this.io
    if (path === '-') {
      this.#text(stdin ?? '', '(standard input)', named)
      return
    }
    try {
      if (tree.kind(path, directory) === 'directory') {
        if (this.#recursive) this.#directory(path.endsWith('/') ? path : `${path}/`, named)
        else this.#complain(`grep: ${path}: Is a directory\n`, false)
        return
      }
      this.#text(tree.read(path, directory), path, named)
    } catch (error) {
      this.#complain(`grep: ${path}: ${strerror(error)}\n`)
    }
  }

  /** Everything below a directory. */
  #directory(path: string, named: boolean): void {
    const { tree, directory } = this.io
    for (const name of tree.list(path === '' ? '.' : path, directory)) this.#operand(`${path}${name}`, named)
  }

  #complain(message: string, failed = true): void {
    if (!this.#flags.has('s')) this.io.err(message)
    if (failed) this.#failed = true
  }

  #text(text: string, name: string, named: boolean): void {
    const prefix = named ? `${name}:` : ''
    const most = Number(this.parsed.values.get('m') ?? Infinity)
    let hits = 0
    for (const [i, line] of linesOf(text).entries()) {
      if (hits >= most) break
      if (this.matcher.test(line) === this.#flags.has('v')) continue
      hits++
      if (['c', 'l', 'L', 'q'].some((flag) => this.#flags.has(flag))) continue
      const number = this.#flags.has('n') ? `${i + 1}:` : ''
      const shown = this.#flags.has('o') ? this.#parts(line) : [line]
      for (const part of shown) this.#output += `${prefix}${number}${part}\n`
    }
    if (hits > 0) this.#found = true
    if (this.#flags.has('c')) this.#output += `${prefix}${hits}\n`
    else if (this.#flags.has('l') && hits > 0) this.#output += `${name}\n`
    else if (this.#flags.has('L') && hits === 0) this.#output += `${name}\n`
  }

  #parts(line: string): string[] {
    const all = new RegExp(this.matcher.source, `${this.matcher.flags}g`)
    return [...line.matchAll(all)].map(([part]) => part).filter((part) => part !== '')
  }
}

const CLASSES: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  digit: '0-9',
  lower: 'a-z',
  space: '\\s',
  upper: 'A-Z',
  xdigit: '0-9A-Fa-f'
}

/** The pattern as an expression of this language; undefined where it is none. */
function compile(pattern: string, flags: ReadonlySet<string>): RegExp | undefined {
  const alternatives = pattern.split('\n').map((one) => {
    if (flags.has('F')) return one.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
    return translate(one, flags.has('E'))
  })
  const source =
    alternatives.length === 1 ? alternatives[0] : alternatives.map((one) => `(?:${one})`).join('|')
  const whole = flags.has('x') ? `^(?:${source})$` : flags.has('w') ? `(?<!\\w)(?:${source})(?!\\w)` : source
  try {
    return new RegExp(whole, flags.has('i') ? 'i' : '')
  } catch {
    return undefined
  }
}

/** In basic expressions `+?|(){}` mean something with a backslash only; in extended ones without. */
function translate(pattern: string, extended: boolean): string {
  let source = ''
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at]
    if (char === '[') {
      const end = pattern.indexOf(']', at + (pattern[at + 1] === '^' ? 3 : 2))
      const classEnd = /\[:[a-z]+:\]/.test(pattern.slice(at + 1)) ? pattern.indexOf(']', end + 1) : end
      const last = classEnd < 0 ? end : classEnd
      if (last < 0) return '['
      const set = pattern
        .slice(at + 1, last)
        .replaceAll('\\', '\\\\')
        .replaceAll('[', '\\[')
      source += `[${set.replace(/\\\[:([a-z]+):\]?/g, (text, name: string) => CLASSES[name] ?? text)}]`
      at = last
    } else if (char === '\\') {
      const next = pattern[++at] ?? '\\'
      const special = '+?|(){}'.includes(next)
      source +=
        special && !extended
          ? next
          : /[A-Za-z0-9]/.test(next) && !'wWsSbB'.includes(next)
            ? next
            : `\\${next}`
    } else if (!extended && '+?|(){}'.includes(char)) source += `\\${char}`
    else if (char === '*' && source === '') source += '\\*'
    else source += char
  }
  return source
}

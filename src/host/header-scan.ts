/**
 * Finds what an experiment says of itself without running it: the string fields `title`, `claim`,
 * `source` and `topic` at the top of the object given to `experiment(...)`. It reads text, not
 * TypeScript: a value that is not made of plain string literals is left out, and what it cannot follow
 * ends the scan with the fields found so far.
 */
const FIELDS = ['title', 'claim', 'source', 'topic'] as const

export type ScannedHeader = { -readonly [F in (typeof FIELDS)[number]]?: string }

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  b: '\b',
  f: '\f',
  v: '\v',
  0: '\0'
}

class Scanner {
  at = 0
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  /** Skips blanks and comments. */
  skipBlanks(): void {
    const blank = /(?:\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/y
    blank.lastIndex = this.at
    this.at += blank.exec(this.text)?.[0].length ?? 0
  }

  take(pattern: RegExp): string | undefined {
    const sticky = new RegExp(pattern.source, 'y')
    sticky.lastIndex = this.at
    const found = sticky.exec(this.text)?.[0]
    this.at += found?.length ?? 0
    return found
  }

  /** A string literal, or a template without substitutions; undefined when there is none. */
  string(): string | undefined {
    const quote = this.text[this.at]
    if (quote !== "'" && quote !== '"' && quote !== '`') return undefined
    let value = ''
    let at = this.at + 1
    for (;;) {
      const char = this.text[at]
      if (char === undefined || (char === '\n' && quote !== '`')) return undefined
      if (quote === '`' && char === '$' && this.text[at + 1] === '{') return undefined
      if (char === quote) break
      if (char !== '\\') {
        value += char
        at++
        continue
      }
      const code = /u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})/y
      code.lastIndex = at + 1
      const found = code.exec(this.text)
      const point = found === null ? -1 : parseInt(found[1] ?? found[2] ?? found[3], 16)
      const next = this.text[at + 1] ?? ''
      if (point > 0x10ffff) return undefined
      if (found !== null) value += String.fromCodePoint(point)
      else if (next !== '\n') value += ESCAPES[next] ?? next
      at += 1 + (found?.[0].length ?? 1)
    }
    this.at = at + 1
    return value
  }

  /** Strings joined by `+`. */
  strings(): string | undefined {
    let value = this.string()
    for (;;) {
      this.skipBlanks()
      if (value === undefined || this.text[this.at] !== '+') return value
      this.at++
      this.skipBlanks()
      const more = this.string()
      value = more === undefined ? undefined : value + more
    }
  }

  /** Goes to the inside of the object given to `experiment(...)` or `model(...)`; false when there is none. */
  findObject(): boolean {
    for (;;) {
      this.skipBlanks()
      if (this.at >= this.text.length) return false
      if (this.take(/(?:experiment|model)\s*(?:<[^(){}]*>)?\s*\(\s*\{/) !== undefined) return true
      if (this.string() === undefined && this.take(/[\w$]+/) === undefined) this.at++
    }
  }

  /** Skips a value up to the comma or brace that ends it; false when the text cannot be followed. */
  skipValue(): boolean {
    let depth = 0
    for (;;) {
      this.skipBlanks()
      const char = this.text[this.at]
      if (char === undefined) return false
      if (depth === 0 && (char === ',' || char === '}')) return true
      if (char === "'" || char === '"' || char === '`') {
        if (this.string() === undefined) return false
        continue
      }
      if ('([{'.includes(char)) depth++
      if (')]}'.includes(char)) depth--
      this.at++
    }
  }
}

/** The header fields found in the text of an experiment. */
export function scanHeader(text: string): ScannedHeader {
  const found: ScannedHeader = {}
  const scanner = new Scanner(text)
  if (!scanner.findObject()) return found
  for (;;) {
    scanner.skipBlanks()
    if (scanner.text[scanner.at] === ',') scanner.at++
    scanner.skipBlanks()
    const key = scanner.string() ?? scanner.take(/[A-Za-z_$][\w$]*/)
    if (key === undefined) return found
    scanner.skipBlanks()
    if (scanner.text[scanner.at] === ':') {
      scanner.at++
      scanner.skipBlanks()
      const field = FIELDS.find((name) => name === key)
      const value = field === undefined ? undefined : scanner.strings()
      scanner.skipBlanks()
      if (field !== undefined && value !== undefined && /[,}]/.test(scanner.text[scanner.at] ?? ''))
        found[field] = value
    }
    if (!scanner.skipValue()) return found
  }
}

/**
 * What becomes of a word before a command sees it: braces, variables, splitting, names of files.
 * Source: POSIX.1-2017, Shell Command Language, 2.6 and 2.13; braces as in bash.
 */
import type { SysfsTree } from '../tree'
import { ShellSyntaxError, type Piece, type Word } from './words'

/** So many words may come of one. */
const MAX_WORDS = 10_000

interface Char {
  readonly char: string
  readonly quoted: boolean
}

export interface Surroundings {
  readonly tree: SysfsTree
  readonly directory: string
  readonly variables: ReadonlyMap<string, string>
  /** Runs a command in a subshell, and answers what it printed. */
  substitute(command: string): string
}

/** The fields that words come to. Throws `ShellSyntaxError`. */
export function expand(words: readonly Word[], around: Surroundings): string[] {
  return words.flatMap((word) => expandWord(word, around))
}

function expandWord(word: Word, around: Surroundings): string[] {
  const fields = braces(word.pieces).flatMap((pieces) => split(pieces, word.quoted, around))
  return fields.flatMap((field) => glob(field, around))
}

/** Text of a word without splitting and names of files: what a `for` name or a quoted target is. */
export function plain(word: Word, around: Surroundings): string {
  const [field = []] = split(
    word.pieces.map((piece) => ({ ...piece, quoted: true })),
    true,
    around
  )
  return textOf(field)
}

function textOf(field: readonly Char[]): string {
  return field.map(({ char }) => char).join('')
}

function isChar(piece: Piece | undefined, char: string): boolean {
  return piece !== undefined && 'char' in piece && !piece.quoted && piece.char === char
}

/** `a{b,c}d` is `abd acd`; braces without a comma stay. */
function braces(pieces: readonly Piece[]): Piece[][] {
  for (let open = 0; open < pieces.length; open++) {
    if (!isChar(pieces[open], '{')) continue
    const found = alternatives(pieces, open)
    if (found === undefined) continue
    const before = pieces.slice(0, open)
    const after = braces(pieces.slice(found.end))
    const words = found.parts.flatMap((part) =>
      braces(part).flatMap((middle) => after.map((rest) => [...before, ...middle, ...rest]))
    )
    if (words.length > MAX_WORDS) throw new ShellSyntaxError(`more than ${MAX_WORDS} words in braces`)
    return words
  }
  return [[...pieces]]
}

/** The parts between the commas of the braces that open at `open`, and where they end. */
function alternatives(pieces: readonly Piece[], open: number): { parts: Piece[][]; end: number } | undefined {
  const parts: Piece[][] = [[]]
  let depth = 0
  for (let at = open + 1; at < pieces.length; at++) {
    const piece = pieces[at]
    if (depth === 0 && isChar(piece, ',')) {
      parts.push([])
      continue
    }
    if (depth === 0 && isChar(piece, '}')) return parts.length > 1 ? { parts, end: at + 1 } : undefined
    if (isChar(piece, '{')) depth++
    if (isChar(piece, '}')) depth--
    parts[parts.length - 1].push(piece)
  }
  return undefined
}

/** Puts variables and what commands print in; blanks of those outside of quotes separate fields. */
function split(pieces: readonly Piece[], quoted: boolean, around: Surroundings): Char[][] {
  const fields: Char[][] = []
  let field: Char[] | undefined = quoted ? [] : undefined
  for (const piece of pieces) {
    if ('char' in piece) {
      ;(field ??= []).push(piece)
      continue
    }
    const text =
      'variable' in piece
        ? (around.variables.get(piece.variable) ?? '')
        : around.substitute(piece.command).replace(/\n+$/, '')
    for (const char of text) {
      if (piece.quoted || !/\s/.test(char)) (field ??= []).push({ char, quoted: piece.quoted })
      else if (field !== undefined) {
        fields.push(field)
        field = undefined
      }
    }
  }
  return field === undefined ? fields : [...fields, field]
}

/** Names of files that a field stands for; itself where it stands for none. */
function glob(field: readonly Char[], { tree, directory }: Surroundings): string[] {
  if (!field.some(({ char, quoted }) => !quoted && '*?['.includes(char))) return [textOf(field)]
  const absolute = field[0]?.char === '/'
  let found = [absolute ? '/' : '']
  for (const part of parts(field)) {
    const pattern = part.some(({ char, quoted }) => !quoted && '*?['.includes(char))
    found = found.flatMap((place) => {
      if (!pattern)
        return tree.exists(`${place}${textOf(part)}`, directory) ? [`${place}${textOf(part)}/`] : []
      const names = namesIn(tree, place, directory).filter((name) => patternOf(part).test(name))
      return names.map((name) => `${place}${name}/`)
    })
    if (found.length > MAX_WORDS) throw new ShellSyntaxError(`more than ${MAX_WORDS} names of files`)
  }
  const slash = field.at(-1)?.char === '/'
  const names = found.map((place) => place.slice(0, -1))
  const kept = slash ? names.filter((name) => tree.kind(name, directory) === 'directory') : names
  return kept.length === 0 ? [textOf(field)] : kept.map((name) => (slash ? `${name}/` : name))
}

/** The parts of a path, those between slashes. */
function parts(field: readonly Char[]): Char[][] {
  const found: Char[][] = [[]]
  for (const char of field) {
    if (char.char === '/') found.push([])
    else found[found.length - 1].push(char)
  }
  return found.filter((part) => part.length > 0)
}

function namesIn(tree: SysfsTree, place: string, directory: string): string[] {
  const path = place === '' ? '.' : place
  return tree.exists(path, directory) && tree.kind(path, directory) === 'directory'
    ? tree.list(path, directory)
    : []
}

function patternOf(part: readonly Char[]): RegExp {
  let source = ''
  for (let at = 0; at < part.length; at++) {
    const { char, quoted } = part[at]
    if (!quoted && char === '*') source += '.*'
    else if (!quoted && char === '?') source += '.'
    else if (!quoted && char === '[') {
      const end = part.findIndex((one, i) => i > at + 1 && !one.quoted && one.char === ']')
      if (end < 0) source += '\\['
      else {
        const set = textOf(part.slice(at + 1, end)).replace(/^!/, '^')
        source += `[${set.replaceAll('\\', '\\\\')}]`
        at = end
      }
    } else source += char.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
  }
  try {
    return new RegExp(`^${source}$`, 'u')
  } catch {
    // A range that runs backwards matches nothing.
    return /^(?!)/
  }
}

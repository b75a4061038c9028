/**
 * `echo` and `printf` as bash has them built in: standard output is line-buffered, so that every line is a
 * write of its own to a settings file. Source: POSIX.1-2017, bash 5.2 (shell.c, builtins/echo.def).
 */
import { strerror } from './errno'
import type { Io } from './io'

/** Writes a text line by line; complains once, of the last line that was refused. */
function writeLines(name: string, text: string, io: Io): number {
  let refused: string | undefined
  for (const line of text.match(/[^\n]*\n|[^\n]+$/g) ?? []) {
    try {
      io.out(line)
    } catch (error) {
      refused = strerror(error)
    }
  }
  if (refused === undefined) return 0
  io.err(`bash: ${name}: write error: ${refused}\n`)
  return 1
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  e: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\'
}

/** Backslash escapes; `\0nnn` and `\nnn` are octal. */
function unescape(text: string): string {
  return text.replace(/\\(?:x([0-9a-fA-F]{1,2})|(0?[0-7]{1,3})|(.))/gs, (whole, hex, octal, letter) => {
    if (hex !== undefined) return String.fromCharCode(parseInt(String(hex), 16))
    if (octal !== undefined) return String.fromCharCode(parseInt(String(octal), 8) & 255)
    return ESCAPES[String(letter)] ?? String(whole)
  })
}

/** Flags are words of n, e and E alone. */
export function echo(args: readonly string[], io: Io): number {
  let newline = true
  let escapes = false
  let first = 0
  for (; /^-[neE]+$/.test(args[first] ?? ''); first++) {
    for (const letter of args[first].slice(1)) {
      if (letter === 'n') newline = false
      else escapes = letter === 'e'
    }
  }
  const text = args.slice(first).join(' ')
  return writeLines('echo', (escapes ? unescape(text) : text) + (newline ? '\n' : ''), io)
}

/** `%s`, `%d`, `%i`, `%u`, `%x`, `%c`, `%b`, `%%`; the format is used again while arguments are left. */
export function printf(args: readonly string[], io: Io): number {
  const [format, ...rest] = args[0] === '--' ? args.slice(1) : args
  if (format === undefined) {
    io.err('bash: printf: usage: printf [-v var] format [arguments]\n')
    return 2
  }
  let text = ''
  let status = 0
  const queue = [...rest]
  do {
    const before = queue.length
    text += format.replace(
      /%(-?0?\d*)([sdiuxcb%])|\\(?:x[0-9a-fA-F]{1,2}|0?[0-7]{1,3}|.)/gs,
      (whole, width, kind) => {
        if (kind === undefined) return unescape(whole)
        if (kind === '%') return '%'
        const [shown, good] = formatted(String(kind), queue.shift())
        if (!good) {
          io.err(`bash: printf: ${shown}: invalid number\n`)
          status = 1
        }
        return padded(good ? shown : '0', String(width))
      }
    )
    if (queue.length === before) break
  } while (queue.length > 0)
  return Math.max(status, writeLines('printf', text, io))
}

function formatted(kind: string, argument: string | undefined): [text: string, good: boolean] {
  const value = argument ?? ''
  if (kind === 's') return [value, true]
  if (kind === 'b') return [unescape(value), true]
  if (kind === 'c') return [value.slice(0, 1), true]
  if (value === '') return ['0', true]
  if (!/^[+-]?(?:0[xX][0-9a-fA-F]+|\d+)$/.test(value)) return [value, false]
  const number = BigInt(value.replace(/^\+/, '').replace(/^-/, '')) * (value.startsWith('-') ? -1n : 1n)
  return [kind === 'x' ? BigInt.asUintN(64, number).toString(16) : String(number), true]
}

function padded(text: string, width: string): string {
  if (width.startsWith('-')) return text.padEnd(Number(width.slice(1)))
  return text.padStart(Number(width), width.startsWith('0') ? '0' : ' ')
}

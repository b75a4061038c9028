/** The small programs: `cat`, `tee`, `head`, `tail`, `sort`, `wc`. Source: POSIX.1-2017, GNU coreutils 9. */
import { strerror, openForWriting } from './errno'
import { grep } from './grep'
import { linesOf, type Io, type Program } from './io'
import { ls } from './ls'
import { getopt } from './options'

/** Every program by name; builtins of the shell are in `shell.ts`. */
export const PROGRAMS: Readonly<Record<string, Program>> = {
  cat,
  grep,
  egrep: (args, io) => grep(['-E', ...args], io),
  ls,
  tee,
  head: (args, io) => part('head', args, io, (lines, count) => lines.slice(0, count)),
  tail: (args, io) => part('tail', args, io, (lines, count) => (count === 0 ? [] : lines.slice(-count))),
  sort,
  wc
}

/** Each operand's text, or standard input's; complains of what cannot be read. */
function texts(name: string, operands: readonly string[], io: Io): { texts: string[]; failed: boolean } {
  const found: string[] = []
  let failed = false
  for (const path of operands.length === 0 ? ['-'] : operands) {
    try {
      found.push(path === '-' ? (io.stdin ?? '') : io.tree.read(path, io.directory))
    } catch (error) {
      io.err(`${name}: ${path}: ${strerror(error)}\n`)
      failed = true
    }
  }
  return { texts: found, failed }
}

/** One write of what there is to write; the status after it. */
function write(name: string, text: string, io: Io, status: number): number {
  if (text === '') return status
  try {
    io.out(text)
    return status
  } catch (error) {
    io.err(`${name}: write error: ${strerror(error)}\n`)
    return 1
  }
}

function usage(name: string, wrong: string, io: Io): number {
  io.err(`${name}: ${wrong}\nTry '${name} --help' for more information.\n`)
  return 1
}

function cat(args: readonly string[], io: Io): number {
  const { operands, wrong } = getopt(args, 'u')
  if (wrong !== undefined) return usage('cat', wrong, io)
  let status = 0
  for (const path of operands.length === 0 ? ['-'] : operands) {
    const { texts: found, failed } = texts('cat', [path], io)
    if (failed) status = 1
    // It ends at the first write that fails.
    for (const text of found) if (write('cat', text, io, 0) !== 0) return 1
  }
  return status
}

/** Writes what it reads to every file and on: one write a file. */
function tee(args: readonly string[], io: Io): number {
  const { operands, wrong } = getopt(args, 'aip')
  if (wrong !== undefined) return usage('tee', wrong, io)
  const text = io.stdin ?? ''
  let status = 0
  const open: string[] = []
  for (const path of operands) {
    try {
      openForWriting(io.tree, path, io.directory)
      open.push(path)
    } catch (error) {
      io.err(`tee: ${path}: ${strerror(error)}\n`)
      status = 1
    }
  }
  status = Math.max(status, write('tee', text, io, 0))
  for (const path of open) {
    try {
      if (text !== '') io.tree.write(path, text, io.directory)
    } catch (error) {
      io.err(`tee: ${path}: ${strerror(error)}\n`)
      status = 1
    }
  }
  return status
}

function part(
  name: string,
  args: readonly string[],
  io: Io,
  pick: (lines: string[], count: number) => string[]
): number {
  // `-5` is `-n 5`.
  const { operands, values, wrong } = getopt(
    args.map((arg) => (/^-\d+$/.test(arg) ? `-n${arg.slice(1)}` : arg)),
    'n:'
  )
  if (wrong !== undefined) return usage(name, wrong, io)
  const given = values.get('n') ?? '10'
  if (!/^\d+$/.test(given)) {
    io.err(`${name}: invalid number of lines: '${given}'\n`)
    return 1
  }
  const { texts: found, failed } = texts(name, operands, io)
  const lines = found.flatMap((text) => pick(linesOf(text), Number(given)))
  return write(name, lines.map((line) => `${line}\n`).join(''), io, failed ? 1 : 0)
}

function sort(args: readonly string[], io: Io): number {
  const { operands, flags, wrong } = getopt(args, 'nru')
  if (wrong !== undefined) return usage('sort', wrong, io)
  const { texts: found, failed } = texts('sort', operands, io)
  let lines = found.flatMap(linesOf)
  const number = (line: string) => Number(/^\s*-?\d+/.exec(line)?.[0] ?? 0)
  lines.sort((a, b) => (flags.has('n') ? number(a) - number(b) : 0) || (a < b ? -1 : a > b ? 1 : 0))
  if (flags.has('r')) lines.reverse()
  if (flags.has('u')) lines = [...new Set(lines)]
  return write('sort', lines.map((line) => `${line}\n`).join(''), io, failed ? 2 : 0)
}

function wc(args: readonly string[], io: Io): number {
  const { operands, flags, wrong } = getopt(args, 'lwc')
  if (wrong !== undefined) return usage('wc', wrong, io)
  const { texts: found, failed } = texts('wc', operands, io)
  const text = found.join('')
  const counts: [string, number][] = [
    ['l', text.split('\n').length - 1],
    ['w', text.split(/\s+/).filter((word) => word !== '').length],
    ['c', text.length]
  ]
  const shown = counts
    .filter(([letter]) => flags.size === 0 || flags.has(letter))
    .map(([, count]) => String(count))
  const line = shown.length === 1 ? shown[0] : shown.map((count) => count.padStart(7)).join(' ')
  const name = operands.length === 1 ? ` ${operands[0]}` : operands.length > 1 ? ' total' : ''
  return write('wc', `${line}${name}\n`, io, failed ? 1 : 0)
}

/** `ls`, one name a line, as into a pipe. Source: POSIX.1-2017 ls, GNU coreutils 9. */
import { strerror } from './errno'
import type { Io } from './io'
import { getopt } from './options'

/** Files of sysfs are as old as the machine, and a page long. */
const DATE = 'Jan  1 00:00'
const FILE_SIZE = 4096

/** 0, or 2 where a name is not there. */
export function ls(args: readonly string[], io: Io): number {
  const { flags, operands, wrong } = getopt(args, '1aAdlRF')
  if (wrong !== undefined) {
    io.err(`ls: ${wrong}\nTry 'ls --help' for more information.\n`)
    return 2
  }
  const { tree, directory } = io
  const files: string[] = []
  const directories: string[] = []
  let status = 0
  for (const path of [...(operands.length === 0 ? ['.'] : operands)].sort()) {
    try {
      const isFile = tree.kind(path, directory) === 'file'
      if (isFile || flags.has('d')) files.push(path)
      else directories.push(path)
    } catch (error) {
      io.err(`ls: cannot access '${path}': ${strerror(error)}\n`)
      status = 2
    }
  }
  const listing = new Listing(io, flags)
  const blocks = files.length === 0 ? [] : [listing.lines(files, '')]
  const headed = flags.has('R') || files.length + directories.length > 1 || status !== 0
  for (const path of directories) blocks.push(...listing.directory(path, headed))
  const text = blocks.join('\n')
  if (text === '') return status
  try {
    io.out(text)
  } catch (error) {
    io.err(`ls: write error: ${strerror(error)}\n`)
    return 2
  }
  return status
}

class Listing {
  constructor(
    readonly io: Io,
    readonly flags: ReadonlySet<string>
  ) {}

  directory(path: string, headed: boolean): string[] {
    const { tree, directory } = this.io
    const place = path.endsWith('/') ? path : `${path}/`
    const names = tree.list(path, directory)
    const shown = this.flags.has('a') ? ['.', '..', ...names] : names
    const total = this.flags.has('l') ? 'total 0\n' : ''
    const head = headed ? `${path}:\n` : ''
    const below = this.flags.has('R')
      ? names
          .filter((name) => tree.kind(`${place}${name}`, directory) === 'directory')
          .flatMap((name) => this.directory(`${place}${name}`, true))
      : []
    return [`${head}${total}${this.lines(shown, place)}`, ...below]
  }

  lines(names: readonly string[], place: string): string {
    return names.map((name) => `${this.#line(name, `${place}${name}`)}\n`).join('')
  }

  #line(name: string, path: string): string {
    const { tree, directory } = this.io
    const isDirectory = tree.kind(path, directory) === 'directory'
    const marked = this.flags.has('F') && isDirectory ? `${name}/` : name
    if (!this.flags.has('l')) return marked
    const mode = (isDirectory ? 'd' : '-') + permissions(tree.mode(path, directory))
    const links = isDirectory ? this.#links(path) : 1
    const size = String(isDirectory ? 0 : FILE_SIZE).padStart(4)
    return `${mode} ${links} root root ${size} ${DATE} ${marked}`
  }

  #links(path: string): number {
    const { tree, directory } = this.io
    const kinds = tree.list(path, directory).map((name) => tree.kind(`${path}/${name}`, directory))
    return 2 + kinds.filter((kind) => kind === 'directory').length
  }
}

function permissions(mode: string): string {
  return [...mode.slice(-3)]
    .map((digit) =>
      ['r', 'w', 'x'].map((letter, i) => ((Number(digit) >> (2 - i)) & 1 ? letter : '-')).join('')
    )
    .join('')
}

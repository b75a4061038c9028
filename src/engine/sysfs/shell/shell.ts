/**
 * A shell over a tree of settings files, as root sees it in bash: scripts and the console of the window go
 * through this one. Messages are those of an interactive bash 5.2 with GNU's programs.
 */
import { EngineError } from '../../error'
import type { SysfsTree } from '../tree'
import { echo, printf } from './builtins'
import { complete, type Completion } from './complete'
import { openForWriting, strerror } from './errno'
import { expand, plain, type Surroundings } from './expand'
import type { Io, Program } from './io'
import { parse, type Command, type List, type Redirection, type SimpleCommand } from './parse'
import { PROGRAMS } from './programs'
import { MOST_NESTED, ShellSyntaxError } from './words'

/** What a line came to. */
export interface ShellResult {
  /** Everything, in the order in which a terminal shows it. */
  readonly output: string
  /** What of it went to standard error. */
  readonly errors: string
  /** Exit status of the last command. */
  readonly status: number
}

/** Commands one call may run: loops over long lists end somewhere. */
const MAX_COMMANDS = 10_000
/** Longest text of one call, and lines kept for `history`. */
const MAX_TEXT = 65_536
const MAX_HISTORY = 1000

const HELP = `Settings files are read and written as in bash, as root.
Commands: bash cat cd dmesg echo egrep false for grep head help history ls printf pwd sh sort sudo tail tee true wc
Also: pipes, > >> < 2> 2>&1 &>, ; && || !, quotes, $name, $(...), {a,b}, * ? [...], for name in ...; do ...; done
`

/** Where standard output or error goes. */
type Sink = (text: string) => void

interface Streams {
  readonly stdin: string | undefined
  readonly out: Sink
  readonly err: Sink
}

/** One session: a working directory, variables, a history. */
export class Shell {
  readonly history: string[] = []
  readonly #variables = new Map<string, string>([['?', '0']])
  #directory: string
  #previous: string
  #commandsLeft = 0
  #depth = 0
  /** What the shell itself does. */
  readonly #builtins: Readonly<Record<string, Program>> = {
    bash: (args, io) => this.#another('bash', args, io),
    cd: (args, io) => this.#cd(args, io),
    dmesg: (args, io) => this.#dmesg(args, io),
    echo,
    false: () => 1,
    help: (_, io) => show(HELP, io),
    history: (_, io) =>
      show(this.history.map((line, i) => `${String(i + 1).padStart(5)}  ${line}\n`).join(''), io),
    printf,
    pwd: (_, io) => show(`${io.directory === '' ? '/' : io.directory}\n`, io),
    sh: (args, io) => this.#another('sh', args, io),
    true: () => 0,
    ':': () => 0
  }

  constructor(
    readonly tree: SysfsTree,
    /** What the kernel logged while it booted, as `<level> text`; what `dmesg` shows. */
    readonly log: readonly string[] = []
  ) {
    this.#directory = tree.root
    this.#previous = tree.root
  }

  /** The working directory, absolute. */
  get directory(): string {
    return this.#directory === '' ? '/' : this.#directory
  }

  /**
   * Runs what was typed, one line or several. What the kernel or a program refuses is in the result, as a
   * terminal shows it. Throws `bad-argument` for too much text or too many commands, and what the
   * simulator itself does not do (`not-modelled`).
   */
  run(text: string): ShellResult {
    if (text.length > MAX_TEXT) {
      throw new EngineError('bad-argument', `shell: more than ${MAX_TEXT} characters.`)
    }
    const line = text.trim()
    if (line !== '') this.history.push(line)
    if (this.history.length > MAX_HISTORY) this.history.shift()
    this.#commandsLeft = MAX_COMMANDS
    let output = ''
    let errors = ''
    const out = (part: string) => {
      output += part
    }
    const err = (part: string) => {
      output += part
      errors += part
    }
    try {
      this.#list(parse(text), { stdin: undefined, out, err })
    } catch (error) {
      if (!(error instanceof ShellSyntaxError)) throw error
      err(`bash: ${error.message}\n`)
      this.#status = 2
    }
    return { output, errors, status: this.#status }
  }

  /** What the text before the cursor could go on with. */
  complete(before: string): Completion {
    const commands = [...Object.keys(this.#builtins), ...Object.keys(PROGRAMS), 'for', 'sudo']
    return complete(before, this.tree, this.#directory, commands)
  }

  get #status(): number {
    return Number(this.#variables.get('?'))
  }

  set #status(status: number) {
    this.#variables.set('?', String(status))
  }

  #around({ err }: Pick<Streams, 'err'>): Surroundings {
    return {
      tree: this.tree,
      directory: this.#directory,
      variables: this.#variables,
      substitute: (command) => {
        let printed = ''
        const out = (text: string) => {
          printed += text
        }
        this.#subshell(command, { stdin: undefined, out, err })
        return printed
      }
    }
  }

  /** Runs a text whose directory and variables are its own. */
  #subshell(text: string, streams: Streams): void {
    if (this.#depth === MOST_NESTED) {
      throw new ShellSyntaxError(`more than ${MOST_NESTED} commands inside of each other`)
    }
    const before = { directory: this.#directory, previous: this.#previous }
    const variables = new Map(this.#variables)
    this.#depth++
    try {
      this.#list(parse(text), streams)
    } finally {
      this.#depth--
      this.#directory = before.directory
      this.#previous = before.previous
      const status = this.#status
      this.#variables.clear()
      for (const [name, value] of variables) this.#variables.set(name, value)
      this.#status = status
    }
  }

  /** `sh -c text`: another shell, whose messages say so. */
  #another(name: string, args: readonly string[], io: Io): number {
    const [option, text] = args
    if (option !== '-c' || text === undefined) {
      io.err(
        option === '-c'
          ? `${name}: -c: option requires an argument\n`
          : `${name}: only ${name} -c 'commands' is known to this shell; see 'help'\n`
      )
      return 2
    }
    const err = (message: string) => {
      io.err(message.replace(/^bash: /, `${name}: line 1: `))
    }
    try {
      this.#subshell(text, {
        stdin: io.stdin,
        out: (part) => {
          io.out(part)
        },
        err
      })
    } catch (error) {
      if (!(error instanceof ShellSyntaxError)) throw error
      io.err(`${name}: -c: line 1: ${error.message}\n`)
      return 2
    }
    return this.#status
  }

  /** What was logged while the kernel booted; nothing is logged later. */
  #dmesg(args: readonly string[], io: Io): number {
    if (args.length > 0) {
      io.err(`dmesg: options are not known to this shell; see 'help'\n`)
      return 1
    }
    return show(this.log.map((line) => `[    0.000000] ${line.replace(/^<\d> /, '')}\n`).join(''), io)
  }

  #list(list: List, streams: Streams): void {
    for (const { when, negated, commands } of list) {
      if (when === 'success' && this.#status !== 0) continue
      if (when === 'failure' && this.#status === 0) continue
      this.#pipeline(commands, streams)
      if (negated) this.#status = this.#status === 0 ? 1 : 0
    }
  }

  /** Commands of a pipeline run one after the other; all but the last write into the next one's input. */
  #pipeline(commands: readonly Command[], streams: Streams): void {
    let { stdin } = streams
    // Each but a lone one runs in a subshell, whose directory and variables are its own.
    const directory = this.#directory
    for (const [i, command] of commands.entries()) {
      if (i === commands.length - 1) {
        this.#command(command, { ...streams, stdin })
      } else {
        let piped = ''
        const out = (text: string) => {
          piped += text
        }
        this.#command(command, { ...streams, stdin, out })
        stdin = piped
      }
    }
    if (commands.length > 1) this.#directory = directory
  }

  #command(command: Command, streams: Streams): void {
    if (this.#commandsLeft-- <= 0) {
      throw new EngineError('bad-argument', `shell: more than ${MAX_COMMANDS} commands.`)
    }
    if (command.kind === 'simple') {
      this.#status = this.#simple(command, streams)
      return
    }
    this.#status = 0
    for (const value of expand(command.words, this.#around(streams))) {
      this.#variables.set(command.name, value)
      this.#list(command.body, streams)
    }
  }

  #simple({ words, redirections }: SimpleCommand, streams: Streams): number {
    const args = expand(words, this.#around(streams))
    let opened: Streams
    try {
      opened = redirections.reduce((before, one) => this.#redirect(before, one), streams)
    } catch (error) {
      if (!(error instanceof RedirectionError)) throw error
      streams.err(`bash: ${error.message}\n`)
      return 1
    }
    const [assigned] = args
    const assignment = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(assigned ?? '')
    if (args.length === 1 && assignment !== null) {
      this.#variables.set(assignment[1], assignment[2])
      return 0
    }
    // Everything runs as root.
    while (args[0] === 'sudo') args.shift()
    const [name, ...rest] = args
    if (name === undefined) return 0
    const program = Object.hasOwn(this.#builtins, name)
      ? this.#builtins[name]
      : Object.hasOwn(PROGRAMS, name)
        ? PROGRAMS[name]
        : undefined
    if (program === undefined) {
      opened.err(`bash: ${name}: command not found\n`)
      return 127
    }
    return program(rest, { tree: this.tree, directory: this.#directory, ...opened })
  }

  #redirect(streams: Streams, { descriptor, operator, target }: Redirection): Streams {
    const path = this.#target(target, streams)
    if (operator === '>&') {
      if (path === '2') return descriptor === 1 ? { ...streams, out: streams.err } : streams
      if (path === '1') return descriptor === 2 ? { ...streams, err: streams.out } : streams
      throw new RedirectionError(`${path}: Bad file descriptor`)
    }
    if (operator === '<') return { ...streams, stdin: this.#input(path) }
    const sink = this.#sink(path, streams)
    if (operator === '&>') return { ...streams, out: sink, err: sink }
    if (descriptor > 2) throw new RedirectionError(`${descriptor}: Bad file descriptor`)
    return descriptor === 2 ? { ...streams, err: sink } : { ...streams, out: sink }
  }

  #target(target: Redirection['target'], streams: Streams): string {
    const around = this.#around(streams)
    const names = expand([target], around)
    if (names.length === 1) return names[0]
    const text = names.length === 0 ? plain(target, around) || target.text : target.text
    throw new RedirectionError(`${text}: ambiguous redirect`)
  }

  #input(path: string): string {
    if (path === '/dev/null') return ''
    try {
      return this.tree.read(path, this.#directory)
    } catch (error) {
      throw new RedirectionError(`${path}: ${strerror(error)}`)
    }
  }

  #sink(path: string, streams: Streams): Sink {
    if (path === '/dev/null') return () => undefined
    if (path === '/dev/stdout' || path === '/dev/tty') return streams.out
    if (path === '/dev/stderr') return streams.err
    const directory = this.#directory
    try {
      openForWriting(this.tree, path, directory)
    } catch (error) {
      throw new RedirectionError(`${path}: ${strerror(error)}`)
    }
    return (text) => {
      if (text !== '') this.tree.write(path, text, directory)
    }
  }

  #cd(args: readonly string[], io: Io): number {
    if (args.length > 1) {
      io.err('bash: cd: too many arguments\n')
      return 1
    }
    const back = args[0] === '-'
    const path = back ? this.#previous || '/' : (args[0] ?? this.tree.root)
    try {
      const place = this.tree.resolve(path, this.#directory)
      if (this.tree.kind(path, this.#directory) !== 'directory') {
        throw new EngineError('ENOTDIR', `ENOTDIR: '${path}'`)
      }
      this.#previous = this.#directory
      this.#directory = place
    } catch (error) {
      io.err(`bash: cd: ${path}: ${strerror(error)}\n`)
      return 1
    }
    return back ? show(`${this.directory}\n`, io) : 0
  }
}

/** A redirection that cannot be made: its command does not run. */
class RedirectionError extends Error {}

function show(text: string, io: Io): number {
  if (text !== '') io.out(text)
  return 0
}

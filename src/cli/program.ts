/** The command line: names, options and help of every command. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { VERSION } from 'virtual:engine-hash'
import { BBM_LEVELS, type BbmLevel, type ContentRule } from '../engine/arch/bbm'
import { DEFAULT_TRACE_LIMIT } from '../engine/trace/log'
import { MAX_CPUS } from '../explorer/model'
import { Library } from '../host/library'
import { dataDir, layoutOf } from '../host/data-dir'
import { parseBytes } from '../lab/bytes'
import { formatDiagnostic, internalProblem, LabError } from '../lab/diagnostic'
import { Laboratory } from '../lab/laboratory'
import { LIMIT_OPTIONS, MAX_WORKERS } from '../lab/limits'
import type { RunEnvironment } from '../lab/run/types'
import { MAX_TRACE_EVENTS } from '../protocol/limits'
import type { Limits } from '../protocol/results'
import { compareCommand } from './compare-command'
import { exploreCommand } from './explore-command'
import { EXIT, type Io } from './io'
import { runCommand } from './run-command'
import { serveCommand } from './serve-command'
import { plain, table } from './table'
import { verifyCommand } from './verify-command'

/** What the entry gives the commands. */
export interface Surroundings {
  readonly io: Io
  readonly env: RunEnvironment
  /** Folder of the examples. */
  readonly examples: string
  /** Folder of the recordings of real kernels. */
  readonly recordings: string
}

interface LimitFlags {
  readonly timeLimitMs?: number
  readonly memoryLimit?: number
  readonly outputLimit?: number
}

interface RunFlags extends LimitFlags {
  readonly param: Record<string, string[]>
  readonly seed: number
  readonly json: boolean
  readonly out?: string
  /** Just asked for, or with how many events. */
  readonly trace?: number | true
  readonly traceOut?: string
  readonly workers?: number
  readonly check: boolean
}

interface CompareFlags {
  readonly only: readonly string[]
  readonly replay?: string
  readonly json: boolean
  readonly verbose: boolean
}

interface ExploreFlags {
  readonly cpus?: number
  readonly bbm?: BbmLevel
  readonly content?: ContentRule
  readonly maxStates?: number
  readonly saveExperiment?: string
  readonly json: boolean
  readonly check: boolean
}

const DEFAULT_SEED = 1
const MAX_PORT = 65_535

function whole(least: number, most: number) {
  return (text: string): number => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
    if (value >= least && value <= most) return value
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`)
  }
}

function bbmLevel(text: string): BbmLevel {
  const level = BBM_LEVELS.find((each) => String(each) === text)
  if (level === undefined) throw new InvalidArgumentError(`It must be ${BBM_LEVELS.join(', ')}.`)
  return level
}

function size(text: string): number {
  const bytes = parseBytes(text)
  if (bytes !== undefined && bytes > 0) return bytes
  throw new InvalidArgumentError('It must be a size such as 67108864, 64MiB or 1GiB.')
}

/** `--param cpus=1,8 --param cpus=16` is three values of one parameter. */
function parameter(text: string, before: Record<string, string[]>): Record<string, string[]> {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('It must be name=value or name=value,value.')
  const [name, values] = [text.slice(0, at), text.slice(at + 1).split(',')]
  return { ...before, [name]: [...(before[name] ?? []), ...values] }
}

const collect = (text: string, before: readonly string[]): string[] => [...before, text]

function limitsOf({ timeLimitMs, memoryLimit, outputLimit }: LimitFlags): Partial<Limits> {
  return { scriptMs: timeLimitMs, memoryBytes: memoryLimit, outputBytes: outputLimit }
}

function withLimits(command: Command): Command {
  return command
    .option('--workers <n>', 'cells at once (default: one a core)', whole(1, MAX_WORKERS))
    .option(
      `${LIMIT_OPTIONS.scriptMs.option} <ms>`,
      'script time of a cell outside the simulator (default: 10000)',
      whole(1, 2 ** 31 - 1)
    )
    .option(`${LIMIT_OPTIONS.memoryBytes.option} <size>`, 'memory of a script (default: 256MiB)', size)
    .option(
      `${LIMIT_OPTIONS.outputBytes.option} <size>`,
      'what a cell may print and record (default: 10MiB)',
      size
    )
}

async function list(json: boolean, { io, examples }: Surroundings): Promise<number> {
  const library = new Library({ examples, yours: layoutOf(dataDir()).experiments })
  const entries = await library.list()
  if (json) {
    io.out(`${JSON.stringify({ schema: 'contpte-lab/list@1', experiments: entries }, undefined, 2)}\n`)
  } else {
    io.out(
      table(
        ['id', 'topic', 'title'],
        entries.map(({ id, topic, title }) => [id, topic, title].map(plain)),
        []
      )
    )
  }
  return EXIT.ok
}

/** The program; every action sets the exit code through `finish`. */
function program(around: Surroundings, lab: Laboratory, finish: (code: number) => void): Command {
  const { io } = around
  const root = new Command('contpte-lab')
    .description('A deterministic laboratory for arm64 contiguous PTEs.')
    .version(VERSION)
    .exitOverride()
    .configureOutput({ writeOut: io.out, writeErr: io.err })
    .showHelpAfterError('(contpte-lab --help lists the commands)')
    .addHelpText(
      'after',
      '\nExit codes: 0 all holds, 1 an expectation fails, or a bundle or a recorded case differs, 2 a mistake or a limit, 3 a defect of contpte-lab; explore also 4 where it cannot be decided.'
    )
  withLimits(
    root
      .command('run')
      .description('run an experiment')
      .argument('<file>', 'the experiment, a .ts file')
      .option(
        '--param <name=value>',
        'run only these values of a parameter; repeat, or list with commas',
        parameter,
        {}
      )
      .option('--seed <n>', 'seed of random()', whole(0, 2 ** 32 - 1), DEFAULT_SEED)
      .option('--json', 'print the run document, and nothing else, to stdout', false)
      .option('--out <file.zip>', 'write the bundle of the run')
      .option(
        '--trace [events]',
        'trace every cell: what it says carries its event, a bundle holds the traces',
        whole(1, MAX_TRACE_EVENTS)
      )
      .option('--trace-out <file.json>', 'write the trace of every cell for Perfetto')
      .option('--no-check', 'do not check types before the run')
  ).action(async (file: string, flags: RunFlags) => {
    const { param, seed, json, out, traceOut, workers, check } = flags
    const trace = flags.trace === true ? DEFAULT_TRACE_LIMIT : flags.trace
    finish(
      await runCommand(
        file,
        { param, seed, json, out, trace, traceOut, workers, check, limits: limitsOf(flags) },
        lab,
        io
      )
    )
  })
  root
    .command('list')
    .description('list the experiments that come with contpte-lab, and yours')
    .option('--json', 'print one JSON document', false)
    .action(async ({ json }: { json: boolean }) => finish(await list(json, around)))
  withLimits(
    root
      .command('verify')
      .description('run the script of a bundle again and compare every byte')
      .argument('<file.zip>', 'the bundle')
  ).action(async (file: string, flags: LimitFlags & { workers?: number }) => {
    finish(await verifyCommand(file, { workers: flags.workers, limits: limitsOf(flags) }, lab, io))
  })
  root
    .command('compare')
    .description('replay recorded steps of real kernels on the simulator and compare')
    .argument('[files...]', 'recordings, .json or .json.gz (default: those that come with contpte-lab)')
    .option('--only <prefix>', 'only the cases whose id begins so; repeat for more', collect, [])
    .option('--replay <folder>', "write the simulator's answers there, in the schema of the recordings")
    .option('--json', 'print one JSON document', false)
    .option('-v, --verbose', 'print the whole step where a case differs', false)
    .action(async (files: string[], flags: CompareFlags) => {
      finish(await compareCommand(files, { ...flags, recordings: around.recordings }, io))
    })
  root
    .command('explore')
    .description('explore all interleavings of a model and print a verdict')
    .argument('<file>', 'the model, a .ts file')
    .option('--cpus <n>', 'CPUs, 2 to 4', whole(2, MAX_CPUS))
    .option('--bbm <level>', 'FEAT_BBM: 0, 1, 2 or 2-noabort', bbmLevel)
    .addOption(
      new Option('--content <rule>', 'whether contents of pages count').choices(['strict', 'ignored'])
    )
    .option('--max-states <n>', 'states before it gives up', whole(1, 2 ** 26))
    .option('--save-experiment <file.ts>', 'write a script that replays the counterexample')
    .option('--json', 'print one JSON document', false)
    .option('--no-check', 'do not check types before')
    .action(async (file: string, flags: ExploreFlags) => {
      finish(await exploreCommand(file, { ...flags, now: around.env.now }, lab, io))
    })
  root
    .command('serve')
    .description('serve the app to a browser on this machine')
    .option('--port <n>', 'TCP port on 127.0.0.1 (default: a free one)', whole(0, MAX_PORT))
    .action(async ({ port }: { port?: number }) => finish(await serveCommand(port, io)))
  return root
}

/** Runs one command line (without program name); answers the exit code. Never rejects. */
export async function main(args: readonly string[], around: Surroundings): Promise<number> {
  const { io } = around
  const lab = new Laboratory(around.env)
  let code: number = EXIT.ok
  try {
    await program(around, lab, (finished) => (code = finished)).parseAsync([...args], { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.user
    const diagnostic =
      error instanceof LabError ? error.diagnostic : internalProblem(error, 'running the command')
    io.err(`${formatDiagnostic(diagnostic)}\n`)
    code = diagnostic.code === 'internal' ? EXIT.internal : EXIT.user
  } finally {
    await lab.dispose()
  }
  return code
}

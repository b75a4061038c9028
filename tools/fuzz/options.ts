/** The command line of the fuzzer. */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { KERNELS } from '../../src/engine/kernel'
import { MTE_DESIGN_NAMES } from '../../src/engine/mte/designs'
import { mutantByName } from './task'
import { FOCUS, type PlanLimits } from './plan'
import { parseToken, type Replay } from './token'

/** What is asked for. */
export interface Options {
  readonly ops: number
  readonly seed: number
  readonly workers: number
  readonly mutants: boolean
  readonly replay: Replay | undefined
  readonly limits: PlanLimits
}

/** An option that makes no sense; the message says which. */
export class BadOption extends Error {}

/** Reads the arguments. Throws `BadOption`. */
export function parseOptions(args: readonly string[]): Options {
  const values = read(args)
  const limits = {
    kernel: oneOf('kernel', values.kernel, () => KERNELS.map(({ name }) => name)),
    only: oneOf('only', values.only, () => Object.keys(FOCUS)),
    design: oneOf('design', values.design, () => MTE_DESIGN_NAMES),
    procs: whole('procs', values.procs, 1, 64),
    cpus: whole('cpus', values.cpus, 1, 64)
  }
  return {
    ops: whole('ops', values.ops, 1, 1e12) ?? 200_000,
    seed: whole('seed', values.seed, 0, 2 ** 32 - 1) ?? 1,
    workers: whole('workers', values.workers, 1, 1024) ?? availableParallelism(),
    mutants: values['no-mutants'] !== true,
    replay: values.replay === undefined ? undefined : replayOf(values.replay),
    limits
  }
}

function read(args: readonly string[]) {
  try {
    const text = { type: 'string' } as const
    return parseArgs({
      args: [...args],
      options: {
        ops: text,
        seed: text,
        kernel: text,
        procs: text,
        cpus: text,
        workers: text,
        only: text,
        design: text,
        replay: text,
        'no-mutants': { type: 'boolean' }
      }
    }).values
  } catch (error) {
    throw new BadOption(error instanceof Error ? error.message : String(error))
  }
}

function whole(name: string, text: string | undefined, least: number, most: number): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= least && value <= most) return value
  throw new BadOption(`--${name} must be a whole number from ${least} to ${most}, not '${text}'`)
}

function oneOf(name: string, text: string | undefined, known: () => readonly string[]): string | undefined {
  if (text === undefined || known().includes(text)) return text
  throw new BadOption(`--${name} must be one of ${known().join(', ')}, not '${text}'`)
}

function replayOf(token: string): Replay {
  const replay = parseToken(token)
  if (replay === undefined)
    throw new BadOption(`--replay must be a token that a violation printed, not '${token}'`)
  oneOf('replay: kernel', replay.kernel, () => KERNELS.map(({ name }) => name))
  oneOf('replay: design', replay.design, () => MTE_DESIGN_NAMES)
  oneOf('replay: only', replay.only, () => Object.keys(FOCUS))
  if (replay.mutant !== undefined && mutantByName(replay.mutant) === undefined)
    throw new BadOption(`--replay: there is no seeded fault '${replay.mutant}'`)
  return replay
}

/**
 * What a run may use, and the messages when a limit is reached: which limit, its value, and the
 * option and setting that raise it.
 */
import { formatBytes } from './bytes'
import { LabError, problem } from './diagnostic'
import { DEFAULT_LIMITS, type Diagnostic, type Limits } from './results/types'

/** Characters of one script. */
export const MAX_SCRIPT_CHARS = 1024 * 1024
/** Cells of one sweep. */
export const MAX_CELLS = 100_000
/** Machines one cell may build: their memory lies outside the script's own. */
export const MAX_MACHINES = 64
/** Forks captured for the Fork panel, per machine and per cell, and entries shown of each mm. */
export const MAX_FORK_VIEWS = 8
export const MAX_FORK_ENTRIES = 1024
/** Cells at once. */
export const MAX_WORKERS = 256
/** Characters of a metric, unit or chart name. */
export const MAX_NAME_CHARS = 512
/** Wall time of one type-check or one chart, in milliseconds. */
export const CHECK_TIMEOUT_MS = 60_000
export const CHART_TIMEOUT_MS = 30_000
/** C stack of the interpreter: a quarter of what a worker has, so that overflow is an error of the script. */
export const STACK_BYTES = 256 * 1024
/** The interpreter itself needs this much to start. */
export const MIN_MEMORY_BYTES = 32 * 1024 * 1024
/** WebAssembly addresses 4 GiB. */
export const MAX_MEMORY_BYTES = 4 * 1024 ** 3

/** CLI option and settings key of every limit a user can raise. */
export const LIMIT_OPTIONS: Readonly<
  Record<keyof Limits, { readonly option: string; readonly setting: string }>
> = {
  scriptMs: { option: '--time-limit-ms', setting: 'limits.scriptMs' },
  memoryBytes: { option: '--memory-limit', setting: 'limits.memoryBytes' },
  outputBytes: { option: '--output-limit', setting: 'limits.outputBytes' }
}

function raise(limit: keyof Limits): string {
  const { option, setting } = LIMIT_OPTIONS[limit]
  return `Raise it with ${option} on the command line or ${setting} in the settings.`
}

/** The script's own time is used up. */
export function timeLimitProblem(limits: Limits): Diagnostic {
  return problem(
    'limit-time',
    `time limit reached: the script ran ${limits.scriptMs} ms outside the simulator`,
    { hint: raise('scriptMs') }
  )
}

/** The script's memory is used up. */
export function memoryLimitProblem(limits: Limits): Diagnostic {
  return problem(
    'limit-memory',
    `memory limit reached: the script needs more than ${formatBytes(limits.memoryBytes)}`,
    {
      hint: raise('memoryBytes')
    }
  )
}

/** The script printed or recorded too much. */
export function outputLimitProblem(limits: Limits): Diagnostic {
  return problem(
    'limit-output',
    `output limit reached: the cell printed and recorded more than ${formatBytes(limits.outputBytes)}`,
    { hint: raise('outputBytes') }
  )
}

/**
 * Defaults with what the request changes.
 * @throws LabError `bad-option` naming the limit and its range.
 */
export function resolveLimits(wanted: Partial<Limits> = {}): Limits {
  const limits: { -readonly [K in keyof Limits]: Limits[K] } = { ...DEFAULT_LIMITS }
  for (const name of Object.keys(limits) as (keyof Limits)[]) {
    const value = wanted[name]
    if (value === undefined) continue
    const low = name === 'memoryBytes' ? MIN_MEMORY_BYTES : 1
    const high = name === 'memoryBytes' ? MAX_MEMORY_BYTES : Number.MAX_SAFE_INTEGER
    if (!Number.isSafeInteger(value) || value < low || value > high) {
      const range =
        name === 'memoryBytes' ? `${formatBytes(low)} to ${formatBytes(high)}` : 'a whole number above 0'
      throw new LabError(problem('bad-option', `${LIMIT_OPTIONS[name].option}: ${value} is not ${range}`))
    }
    limits[name] = value
  }
  return limits
}

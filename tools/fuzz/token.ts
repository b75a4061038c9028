/** Replay tokens: one world, the steps to take in it and what was fixed, in one word for a command line. */
import type { PlanLimits } from './plan'

/** What a token says. */
export interface Replay extends PlanLimits {
  readonly seed: number
  /** The first step not taken. */
  readonly steps: number
  readonly keep?: readonly number[] | undefined
  readonly mutant?: string | undefined
}

/** `seed:S,steps:N[,keep:1-4+9][,kernel:K][,procs:P][,cpus:C][,only:O][,design:D][,mutant:M]`. */
export function tokenOf(replay: Replay): string {
  const { seed, steps, keep, kernel, procs, cpus, only, design, mutant } = replay
  const parts = { seed, steps, keep: keep && rangesOf(keep), kernel, procs, cpus, only, design, mutant }
  return Object.entries(parts)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}:${String(value)}`)
    .join(',')
}

/** The reverse; undefined for what is no token. */
export function parseToken(token: string): Replay | undefined {
  const parts = new Map<string, string>()
  for (const part of token.split(',')) {
    const [key, value, ...rest] = part.split(':')
    if (value === undefined || rest.length > 0 || !KEYS.has(key)) return undefined
    parts.set(key, value)
  }
  const number = (key: string): number | undefined => {
    const text = parts.get(key)
    return text === undefined ? undefined : /^\d+$/.test(text) ? Number(text) : NaN
  }
  const [seed, steps, procs, cpus] = [number('seed'), number('steps'), number('procs'), number('cpus')]
  const keep = parts.has('keep') ? parseRanges(parts.get('keep') ?? '') : undefined
  if (seed === undefined || steps === undefined) return undefined
  if ([seed, steps, procs, cpus].some(Number.isNaN) || keep?.some(Number.isNaN) === true) return undefined
  const text = {
    kernel: parts.get('kernel'),
    only: parts.get('only'),
    design: parts.get('design'),
    mutant: parts.get('mutant')
  }
  return { seed, steps, procs, cpus, keep, ...text }
}

const KEYS = new Set(['seed', 'steps', 'keep', 'kernel', 'procs', 'cpus', 'only', 'design', 'mutant'])

function rangesOf(numbers: readonly number[]): string {
  const ranges: string[] = []
  for (let i = 0; i < numbers.length;) {
    let last = i
    while (numbers[last + 1] === numbers[last] + 1) last++
    ranges.push(last === i ? String(numbers[i]) : `${numbers[i]}-${numbers[last]}`)
    i = last + 1
  }
  return ranges.join('+')
}

function parseRanges(text: string): number[] {
  if (text === '') return []
  return text.split('+').flatMap((range) => {
    const found = /^(\d+)(?:-(\d+))?$/.exec(range)
    if (found === null) return [NaN]
    const first = Number(found[1])
    const last = found[2] === undefined ? first : Number(found[2])
    return last < first || last - first > 1e6
      ? [NaN]
      : Array.from({ length: last - first + 1 }, (_, i) => first + i)
  })
}

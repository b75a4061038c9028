/** What a run prints. */
import type { Figures, MutantFigures } from './campaign'
import { planText, planOf, type PlanLimits } from './plan'
import { runWorld } from './session'
import { mutantByName } from './task'
import type { Replay } from './token'

const number = (value: number) => String(value).replace(/\B(?=(\d{3})+$)/g, ',')

/** Replays the steps of a token: what happened in each, and the rule that broke. */
export function replayText(replay: Replay): { readonly lines: readonly string[]; readonly broken: boolean } {
  const { seed, keep, steps } = replay
  const mutant = replay.mutant === undefined ? undefined : mutantByName(replay.mutant)
  const lines = [`world ${seed}: ${planText(planOf(seed, replay))}`]
  if (mutant !== undefined) lines.push(`with the seeded fault ${mutant.name}: ${mutant.what}`)
  const { violation, step } = runWorld(seed, {
    ...replay,
    keep: keep === undefined ? undefined : new Set(keep),
    mutant,
    // Of a few steps every one can be looked at closely.
    fullAlways: (keep?.length ?? steps) <= 200,
    say: (at, text) => lines.push(`  step ${at}: ${text}`)
  })
  if (violation === undefined) return { lines: [...lines, 'no rule is broken'], broken: false }
  const { rule, object, found, during } = violation
  const when = step >= steps ? 'at the end of the world' : `in step ${step}`
  lines.push(`broken ${when}${during === '' ? '' : `, at "${during}"`}: ${rule}`, `  ${object}: ${found}`)
  return { lines, broken: true }
}

/** The figures of the worlds. */
export function figuresText(figures: Figures): string[] {
  const lines = [
    `operations ${number(figures.ops)}, worlds ${number(figures.worlds)}, full checks ${number(figures.fullChecks)}`,
    `kernels: ${listOf(figures.kernels)}`,
    `kinds: ${listOf(figures.operations)}`
  ]
  if (figures.verdicts.size > 0)
    lines.push(`blocks seen while they were cleared: ${listOf(figures.verdicts)}`)
  if (figures.unsupported.size > 0) lines.push(`not simulated yet: ${listOf(figures.unsupported)}`)
  return lines
}

function listOf(map: ReadonlyMap<string, number>): string {
  return [...map]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name} ${number(value)}`)
    .join(', ')
}

/** The table of the mutants. */
export function mutantsText(all: readonly MutantFigures[]): string[] {
  const rows = all.map(({ mutant, worlds, planted, found, ops, rules }) => {
    const sorted = ops.toSorted((a, b) => a - b)
    const median = sorted.length === 0 ? '-' : number(sorted[sorted.length >> 1])
    const by = [...rules]
      .sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
      .map(([rule, n]) => `${rule} ${n}`)
    return [mutant.name, number(worlds), number(planted), number(found), median, by.join(', ') || 'not found']
  })
  return table([['seeded fault', 'worlds', 'came to pass', 'found', 'median ops', 'by rule'], ...rows])
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)))
  return rows.map((row) =>
    row
      .map((cell, i) => (i === 0 || i === row.length - 1 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
      .join('  ')
      .trimEnd()
  )
}

/** What was fixed, as options of the command. */
export function limitsText({ kernel, procs, cpus, only, design }: PlanLimits): string {
  const options = { kernel, procs, cpus, only, design }
  return Object.entries(options)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` --${name} ${String(value)}`)
    .join('')
}

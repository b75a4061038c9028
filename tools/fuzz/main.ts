/** `tools/fuzz.mjs` once it is bundled: runs what the arguments ask for and answers the exit code. */
import { runMutants, runWorlds, runWrongDesigns, type DesignFigures, type MutantFigures } from './campaign'
import { MTE_DESIGNS } from '../../src/engine/mte/designs'
import { Lanes } from './lanes'
import { BadOption, parseOptions, type Options } from './options'
import { figuresText, limitsText, mutantsText, replayText } from './report'
import { tokenOf, type Replay } from './token'

const print = (lines: readonly string[]) => process.stdout.write(`${lines.join('\n')}\n`)

/** Milliseconds between two lines of progress. */
const PROGRESS = 2000

/** 0: no rule is broken and every mutant was found; 1: not so; 2: a bad option. */
export async function main(args: readonly string[], workerFile: string): Promise<number> {
  let options: Options
  try {
    options = parseOptions(args)
  } catch (error) {
    if (!(error instanceof BadOption)) throw error
    process.stderr.write(`fuzz: ${error.message}\n`)
    return 2
  }
  if (options.replay !== undefined) {
    const { lines, broken } = replayText(options.replay)
    print(lines)
    return broken ? 1 : 0
  }
  const lanes = new Lanes(workerFile, options.workers, options.limits)
  try {
    return await campaign(lanes, options)
  } finally {
    await lanes.close()
  }
}

async function campaign(lanes: Lanes, options: Options): Promise<number> {
  const { limits, seed, ops, mutants } = options
  const start = performance.now()
  const seconds = () => (performance.now() - start) / 1000
  let told = 0
  const tell = (text: () => string) => {
    if (performance.now() - told < PROGRESS) return
    told = performance.now()
    process.stderr.write(`fuzz: ${text()}\n`)
  }
  const figures = await runWorlds(lanes, { seed, ops }, (now) =>
    tell(() => `${now.ops} of ${ops} operations, ${Math.round(now.ops / seconds())} a second`)
  )
  for (const { seed: world, steps, step, kept } of figures.failures) {
    const token: Replay = { ...limits, seed: world, steps: Math.min(step + 1, steps), keep: kept }
    print([...replayText(token).lines, `  replay: npm run fuzz -- --replay ${tokenOf(token)}`, ''])
  }
  const wall = seconds()
  const faults = mutants
    ? await runMutants(lanes, seed, limits, (done, of) => tell(() => `${done} of ${of} seeded faults`))
    : []
  if (faults.length > 0) print([...mutantsText(faults), ...firstTokens(faults, options), ''])
  const missed = faults.filter(({ found }) => found === 0)
  if (missed.length > 0) print([`not found: ${missed.map(({ mutant }) => mutant.name).join(', ')}`])
  const designs =
    mutants && aboutTags(options)
      ? await runWrongDesigns(lanes, seed, limits, (design) => tell(() => `design ${design}`))
      : []
  if (designs.length > 0) print(designs.flatMap(designText))
  const right = designs.filter(({ shortest }) => shortest === undefined)
  print(figuresText(figures))
  const { user, system } = process.cpuUsage()
  const cpu = ((user + system) / 1e6).toFixed(1)
  print([
    `${wall.toFixed(1)} s, ${Math.round(figures.ops / wall)} operations a second; ${cpu} s of CPU in all`
  ])
  const broken = figures.failures.length
  print([
    broken === 0
      ? `no invariant broken (--seed ${seed}${limitsText(limits)})`
      : `${broken} worlds broke an invariant`
  ])
  return broken === 0 && missed.length === 0 && right.length === 0 ? 0 : 1
}

/** Worlds about tags in swap, of no design in particular. */
function aboutTags({ limits: { only, design } }: Options): boolean {
  return (only === 'swap' || only === 'tags') && design === undefined
}

/** How a design that is called wrong loses tags. */
function designText({ design, worlds, found, shortest, limits }: DesignFigures): string[] {
  const head = `design ${design}, called wrong: ${MTE_DESIGNS[design].wrong ?? ''}`
  if (shortest === undefined) return [head, `  not found in ${worlds} worlds`, '']
  const { seed, step, steps, kept } = shortest
  const token: Replay = { ...limits, seed, steps: Math.min(step + 1, steps), keep: kept }
  const shown = replayText(token).lines
  return [
    head,
    `found in ${found} of ${worlds} worlds; the shortest, in ${kept?.length ?? 0} steps:`,
    ...shown,
    `  replay: npm run fuzz -- --replay ${tokenOf(token)}`,
    ''
  ]
}

/** How to see each fault found. */
function firstTokens(faults: readonly MutantFigures[], { limits }: Options): string[] {
  return faults.flatMap(({ mutant, first }) =>
    first === undefined
      ? []
      : [
          `  ${mutant.name}: --replay ${tokenOf({ ...limits, seed: first.seed, steps: Math.min(first.step + 1, first.steps), mutant: mutant.name })}`
        ]
  )
}

/** What `explore` answers, as one JSON document and as text. */
import type { Model } from '../../explorer/model'
import type { TraceStep } from '../../explorer/teller'
import type { Explored } from './explore'
import { ruleText } from './harm'

/** Schema `contpte-lab/explore@1`. */
export interface ExploreDocument {
  readonly schema: 'contpte-lab/explore@1'
  /** Title of the model. */
  readonly model: string
  readonly bounds: {
    readonly sequence: string
    readonly cpus: number
    readonly bbm: number | string
    readonly content: string
    readonly architecture: string
    readonly entries: number
    readonly maxStates: number
    /** The switches, as the model sets them. */
    readonly assume: Readonly<Record<string, string>>
    /** Of an open verdict: the switches that decide it. */
    readonly decides?: readonly string[]
  }
  readonly verdict: 'safe' | 'counterexample' | 'open' | 'undecided'
  readonly states: number
  readonly rule?: string
  readonly steps?: readonly TraceStep[]
}

export function exploreDocument({ model, result, counterexample }: Explored): ExploreDocument {
  const { cpus, bbm, content, architecture, maxStates, assume, sequence, title } = model
  return {
    schema: 'contpte-lab/explore@1',
    model: title,
    bounds: {
      sequence: sequence.name,
      cpus,
      bbm,
      content,
      architecture,
      entries: sequence.entries.length,
      maxStates,
      assume: { ...assume },
      ...(result.decides.length === 0 ? {} : { decides: result.decides })
    },
    verdict: result.verdict,
    states: result.states,
    ...(counterexample === undefined ? {} : { rule: ruleText(counterexample), steps: counterexample.steps })
  }
}

/** What was explored, in one line. */
export function boundsText({ sequence, cpus, bbm, content, architecture }: Model): string {
  const rules = architecture === 'arm64' ? `FEAT_BBM ${bbm}, contents ${content}` : architecture
  return `${sequence.name}, ${sequence.entries.length} entries, ${cpus} CPUs, ${rules}`
}

/** The verdict in words, without the steps. */
export function verdictSentence(explored: Explored): string {
  const { result, counterexample } = explored
  if (result.verdict === 'safe') return `holds for all ${result.states} states within these bounds`
  if (result.verdict === 'undecided') return `undecided after ${result.states} states`
  const count = counterexample?.steps.length ?? 0
  return result.verdict === 'open'
    ? `open: it holds or not by the assumption ${result.decides.join(', ')}; ${settingsText(explored)}`
    : `counterexample of ${count} steps, the shortest there is (${result.states} states seen)`
}

/** For a terminal. */
export function exploreText(explored: Explored): string {
  const { model, counterexample } = explored
  const colon = counterexample === undefined ? '' : ':'
  const lines = [`${model.title}`, `  ${boundsText(model)}`, `${verdictSentence(explored)}${colon}`]
  if (counterexample !== undefined) {
    lines.push(`  ${ruleText(counterexample)}`)
    counterexample.steps.forEach((step, index) => lines.push(stepLine(step, index + 1)))
  }
  return `${lines.join('\n')}\n`
}

function settingsText({ result }: Explored): string {
  const { fixed } = result.branch
  return `with ${result.decides.map((name) => `${name} = ${fixed[name]}`).join(', ')} it does not`
}

function stepLine({ cpu, text, rule }: TraceStep, number: number): string {
  const relies = rule === undefined ? '' : `  [${rule}]`
  return `  ${String(number).padStart(3)}  CPU ${cpu}  ${text}${relies}`
}

/** What people read of a comparison. */
import type { FamilyTally, ReplayedCase } from './compare'
import type { Case, Step } from './schema'

const LABEL = { equal: 'equal', different: 'different', unsupported: 'not supported' } as const
const WIDTH = Math.max(...Object.values(LABEL).map((text) => text.length))

/** A value on one line. */
export function valueText(value: unknown): string {
  return value === undefined ? 'nothing' : (JSON.stringify(value) ?? String(value))
}

function operationText({ op, args, who }: Step): string {
  const words = Object.entries(args).map(([name, value]) => `${name}=${valueText(value)}`)
  return [op, ...words, ...(who === undefined ? [] : [`(${who})`])].join(' ')
}

/** One line a case: equal, or the first step and field that differ with both values. */
export function caseLine(each: Case, { result }: ReplayedCase): string {
  const { status, step, field, recorded, simulated } = result
  const head = `${LABEL[status].padEnd(WIDTH)}  ${each.id}`
  if (status === 'equal') return head
  const at = step === undefined ? undefined : each.steps.at(step)
  const where = at === undefined ? head : `${head}  step ${at.i} ${operationText(at)}`
  if (status === 'unsupported') return `${where}: ${String(simulated)}`
  if (field === 'error') return `${where}: the simulator failed: ${String(simulated)}`
  return `${where}: ${field}: recorded ${valueText(recorded)}, simulated ${valueText(simulated)}`
}

/** The whole of the first differing step, field by field, and both sides as they are. */
export function stepText(each: Case, { result, steps, differences }: ReplayedCase): string {
  if (result.status !== 'different' || result.step === undefined) return ''
  const recorded = each.steps[result.step]
  const simulated = steps.at(result.step)
  const fields = differences.map(
    ({ field, recorded: left, simulated: right }) =>
      `  ${field}\n    recorded  ${valueText(left)}\n    simulated ${valueText(right)}`
  )
  return [
    ...fields,
    '  the step as recorded',
    `    ${valueText(recorded)}`,
    '  the step as simulated',
    `    ${valueText(simulated)}`
  ].join('\n')
}

/** `C: 395 equal, 0 different, 0 not supported`. */
export function familyLine({ family, equal, different, unsupported }: FamilyTally): string {
  return `${family}: ${equal} equal, ${different} different, ${unsupported} not supported`
}

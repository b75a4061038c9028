/** A counterexample as an experiment: the model, the choices line by line, and the verdict as an expectation. */
import { inTurn, sequenceOf } from '../../engine/hugetlb/sequences'
import type { Sequence } from '../../engine/hugetlb/sequences/step'
import { DEFAULT_ASSUMPTIONS, type Model } from '../../explorer/model'
import type { Fixed } from '../../explorer/program'
import { PROPERTIES } from '../../explorer/violation'
import type { Explored } from './explore'
import { harmText } from './harm'

const TAILS = 7

/** Names of the known sequences that this one is made of, with their tails; undefined for one of the user's. */
function knownNames(
  sequence: Sequence
): { readonly names: readonly string[]; readonly tails: number } | undefined {
  const names = sequence.name.split(' ')
  for (let tails = 1; tails <= TAILS; tails++) {
    const known = names.map((name) => sequenceOf(name, tails)).filter((one) => one !== undefined)
    if (known.length !== names.length) return undefined
    if (JSON.stringify(known.reduce(inTurn)) === JSON.stringify(sequence)) return { names, tails }
  }
  return undefined
}

const isName = (key: string): boolean => /^[A-Za-z_$][\w$]*$/.test(key)

const quoted = (text: string): string =>
  text.includes("'") && !text.includes('"')
    ? JSON.stringify(text)
    : `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`

const WIDTH = 100

/** Plain data as a script writes it; short lists and objects in one line. */
function literal(value: unknown, indent: string): string {
  if (typeof value === 'string') return quoted(value)
  if (typeof value !== 'object' || value === null) return String(value)
  const deeper = `${indent}  `
  const items = Array.isArray(value)
    ? value.map((each: unknown) => literal(each, deeper))
    : Object.entries(value)
        .filter(([, each]) => each !== undefined)
        .map(([key, each]) => `${isName(key) ? key : quoted(key)}: ${literal(each, deeper)}`)
  const [open, close, space] = Array.isArray(value) ? ['[', ']', ''] : ['{', '}', ' ']
  if (items.length === 0) return `${open}${close}`
  const line = `${open}${space}${items.join(', ')}${space}${close}`
  if (indent.length + line.length <= WIDTH && !line.includes('\n')) return line
  return `${open}\n${items.map((item) => deeper + item).join(',\n')}\n${indent}${close}`
}

/** The model as `model({...})` takes it, with every switch as it stood where the harm was found. */
function definitionOf(model: Model, fixed: Fixed): Readonly<Record<string, unknown>> {
  const { sequence, agents, cpus, bbm, content, architecture, watch, properties } = model
  const known = knownNames(sequence)
  const assume = { ...model.assume, ...fixed }
  const agentOf = ({ kind, entries, on, frozen, user, unchecked }: Model['agents'][number]) => ({
    kind,
    ...(kind === 'allocator' ? {} : { entries }),
    ...(on === undefined || on === 'both' ? {} : { on }),
    ...(frozen ? { frozen } : {}),
    ...(user ? { user } : {}),
    ...(unchecked ? { unchecked } : {})
  })
  return {
    title: model.title,
    sequence: known === undefined ? sequence : known.names.length === 1 ? known.names[0] : known.names,
    tails: known !== undefined && known.tails > 1 ? known.tails : undefined,
    agents: agents.map(agentOf),
    cpus,
    bbm,
    content,
    architecture: architecture === 'arm64' ? undefined : architecture,
    assume: Object.fromEntries(
      Object.entries(assume).filter(
        ([name, value]) => value !== DEFAULT_ASSUMPTIONS[name as keyof typeof DEFAULT_ASSUMPTIONS]
      )
    ),
    watch,
    properties: properties.length === PROPERTIES.length ? undefined : properties
  }
}

/**
 * The script that replays the counterexample of an exploration; undefined where there is none. Run, it
 * lets happen exactly what the explorer chose and expects the harm it found.
 */
export function replayExperiment({
  model,
  result,
  counterexample
}: Explored): { readonly file: string; readonly text: string } | undefined {
  if (counterexample === undefined) return undefined
  const { schedule } = counterexample
  const stem = model.sequence.name.replaceAll(/[^\w-]+/g, '-').replaceAll(/^-+|-+$/g, '')
  const harm = harmText(counterexample)
  const source = model.source ?? model.sequence.source
  const header = {
    title: `Counterexample: ${model.title}`,
    topic: 'Yours',
    claim: `${schedule.length} choices lead to harm: ${harm}`,
    ...(source === '' ? {} : { source })
  }
  const fields = Object.entries(header).map(([name, value]) => `  ${name}: ${quoted(value)},`)
  const text = [
    `import { experiment, type ModelDefinition } from 'contpte-lab'`,
    '',
    `const model: ModelDefinition = ${literal(definitionOf(model, result.branch.fixed), '')}`,
    '',
    '// What happens, in this order. Edit it to see what else may come of it.',
    'const schedule = [',
    schedule.map((line) => `  ${quoted(line)}`).join(',\n'),
    ']',
    '',
    'export default experiment({',
    ...fields,
    '',
    '  run({ replay, record, expect }) {',
    '    const { harm, states } = replay(model, schedule)',
    `    record('choices', schedule.length, '1')`,
    `    states.forEach(({ entries, tlbs }, at) => {`,
    `      const after = at === 0 ? 'at the start' : schedule[at - 1]`,
    `      console.log(after, JSON.stringify({ entries, tlbs }))`,
    `    })`,
    `    expect(harm, 'what the last choice does').toBe(${quoted(harm)})`,
    '  }',
    '})',
    ''
  ].join('\n')
  return { file: `${stem === '' ? 'model' : stem.toLowerCase()}-counterexample.ts`, text }
}

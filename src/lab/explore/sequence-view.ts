/** A model's sequence as a table with what the judge says, and the model that a request stands for. */
import type { BbmLevel } from '../../engine/arch/bbm'
import { sequenceOf } from '../../engine/hugetlb/sequences'
import { judgeSequence, type Finding } from '../../engine/hugetlb/sequences/judge'
import { RULES } from '../../engine/hugetlb/sequences/step'
import { sequenceTable } from '../../engine/hugetlb/sequences/table'
import type { Agent, AgentKind, Model, ModelDefinition } from '../../explorer/model'
import { stepText } from '../../explorer/teller'
import { PROPERTIES } from '../../explorer/violation'
import type {
  ExploreActor,
  ExploreBbm,
  ExploreBounds,
  SequenceFinding,
  SequenceView
} from '../results/explore'

const LEVELS: Readonly<Record<ExploreBbm, BbmLevel>> = { '0': 0, '1': 1, '2': 2, '2-noabort': '2-noabort' }

/** What a request sets, as a model has it. */
export function overridesOf({ cpus, bbm, content }: ExploreBounds): Partial<ModelDefinition> {
  return {
    ...(cpus === undefined ? {} : { cpus }),
    ...(bbm === undefined ? {} : { bbm: LEVELS[bbm] }),
    ...(content === undefined ? {} : { content })
  }
}

const ACTORS: Readonly<Record<ExploreActor, Agent & { readonly entries: readonly string[] }>> = {
  R: { kind: 'reader', entries: ['tail1'] },
  T: { kind: 'refcount', entries: ['tail1'] },
  H: { kind: 'writer', entries: ['head'] },
  'H frozen': { kind: 'writer', entries: ['head'], frozen: true },
  N: { kind: 'writer', entries: ['neighbour'] }
}

/**
 * The model of a known sequence with some of the actors of the literature, and an allocator. As in
 * `docs/vmemmap-verdicts.md` harm counts where an actor is.
 */
export function knownModel(name: string, tails: number, actors: readonly ExploreActor[]): ModelDefinition {
  const entries = sequenceOf(name, tails)?.entries ?? []
  const agents = actors
    .map((actor) => ACTORS[actor])
    .filter((agent) => agent.entries.every((entry) => entries.includes(entry)))
  // A refcount is one word, 0 in the old and the new page: contents are the affair of who reads.
  const onlyAttempts = actors.includes('T') && !actors.includes('R')
  return {
    title: sequenceOf(name, tails)?.title ?? name,
    sequence: name,
    tails,
    agents: [...agents, { kind: 'allocator' }],
    ...(agents.length === 0 ? {} : { watch: [...new Set(agents.flatMap((agent) => agent.entries))] }),
    ...(onlyAttempts ? { properties: PROPERTIES.filter((property) => property !== 'contents') } : {})
  }
}

const DOES: Readonly<Record<Exclude<AgentKind, 'gather'>, string>> = {
  reader: 'reads',
  writer: 'stores',
  refcount: 'tries a refcount',
  allocator: 'the allocator hands freed pages to somebody who fills them'
}

const WHERE = { both: '', remote: ' on other CPUs', interrupt: ' in interrupts' } as const

/** An agent in words. */
export function agentText({ kind, entries, on, frozen, user, unchecked }: Agent): string {
  if (kind === 'allocator') return DOES.allocator
  if (kind === 'gather')
    return `another CPU reads the block of ${(entries ?? []).join(', ')} without the lock${unchecked === true ? ', and believes what it finds' : ''}`
  const who = user === true ? 'user space' : 'the kernel'
  const held = frozen === true ? ', held off by the frozen refcount' : ''
  return `${who} ${DOES[kind]} through ${(entries ?? []).join(', ')}${WHERE[on ?? 'both']}${held}`
}

function findingOf({ verdict, rule, name, text, entry }: Finding): SequenceFinding {
  return { verdict, rule, name, text, ...(entry === undefined ? {} : { entry }) }
}

/** The model as a table. `drawn` is the sequence with as many tails as are wanted to be seen. */
export function sequenceView(model: Model, drawn = model.sequence): SequenceView {
  const { start, steps, cost } = sequenceTable(drawn)
  const { sizeWithPermission } = model.assume
  const found = judgeSequence(drawn, {
    level: model.bbm,
    contents: model.content,
    hardwareDirty: true,
    sizeWithPermission: sizeWithPermission === 'allowed' ? 'allowed' : 'forbidden'
  })
  // x86-64 has no break-before-make rule; what the kernel relies on counts there too.
  const findings = model.architecture === 'arm64' ? found : found.filter(({ rule }) => rule.startsWith('K'))
  return {
    name: drawn.name,
    title: model.title,
    ...(model.claim === undefined ? {} : { claim: model.claim }),
    source: model.source ?? drawn.source,
    entries: drawn.entries,
    start,
    steps: drawn.steps.map((step, index) => ({
      text: stepText(step),
      ...(step.rule === undefined ? {} : { rule: `${step.rule} ${RULES[step.rule].name}` }),
      ...(step.why === undefined ? {} : { why: step.why }),
      ...steps[index],
      findings: findings.filter((finding) => finding.step === index).map(findingOf)
    })),
    cost,
    cpus: model.cpus,
    bbm: String(model.bbm) as ExploreBbm,
    content: model.content,
    architecture: model.architecture,
    agents: model.agents.map(agentText)
  }
}

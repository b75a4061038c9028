/** Every field that is compared is altered in recorded steps, one at a time, and each must be reported. */
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { NO_LEEWAY, type Leeway } from './allowances'
import { isCompared } from './counts'
import { Comparison } from './diff'
import { Replay } from './driver'
import { loadRecording } from './load'
import type { Case, RegionState, Run, Step, Tally, VmaInfo } from './schema'

const FOLDER = join(process.cwd(), 'resources/recordings')

/** Cases that together show every field of the schema that is compared. */
const CASES: readonly (readonly [file: string, id: string])[] = [
  ['linux-6.12.A.json.gz', 'A.write.use_zero_page'],
  ['linux-6.12.B.json.gz', 'B.zero.64+2048.zp1'],
  ['linux-6.12.C.json.gz', 'C.4kB.n32.lazyfree.childgone'],
  ['linux-6.12.C.json.gz', 'C.128kB.n32.pin.childgone'],
  ['linux-6.12.C.json.gz', 'C.special.shared'],
  ['linux-6.12.D.json.gz', 'D.4kB.mprotect-all'],
  ['linux-6.12.D.json.gz', 'D.2048kB.mprotect-none'],
  ['linux-6.1.E.json.gz', 'E.D.4kB.munmap-head@n1']
]

/** Fields of the schema that some alteration must have reached. */
const REACHED = [
  ...['rc', 'errno', 'signal', 'len', 'text', 'data', 'counts', 'tlbi', 'vm', 'thp', 'state'],
  ...['at', 'n', 'kind', 'flags', 'folio', 'idx', 'ref', 'map', 'excl', 'table'].map(
    (name) => `runs.${name}`
  ),
  ...['order', 'ref', 'map', 'entire', 'pins'].map((name) => `folios.${name}`),
  ...['r', 'from', 'n', 'perms', 'VmFlags', 'Rss', 'Pss', 'Shared_Clean', 'Shared_Dirty'].map(
    (n) => `vmas.${n}`
  ),
  ...['Private_Clean', 'Private_Dirty', 'Referenced', 'Anonymous', 'LazyFree'].map((name) => `vmas.${name}`),
  ...['AnonHugePages', 'KernelPageSize', 'THPeligible'].map((name) => `vmas.${name}`)
]

interface Played {
  readonly each: Case
  readonly steps: readonly { readonly recorded: Step; readonly simulated: Step; readonly leeway: Leeway }[]
}

interface Alteration {
  /** What was altered, as in `REACHED`. */
  readonly what: string
  /** How the report must begin. */
  readonly field: string
  readonly step: Step
}

function play(file: string, id: string): Played {
  const { recording } = loadRecording(join(FOLDER, file))
  const each = recording.cases.find((one) => one.id === id)
  if (each === undefined) throw new Error(`no case ${id}`)
  const replay = new Replay(recording.kernel, recording.boots[each.boot])
  const steps = each.steps.map((recorded) => {
    const simulated = replay.step(recorded)
    return { recorded, simulated, leeway: replay.leeway }
  })
  return { each, steps }
}

/** The fields reported of the last step, when `step` stands for the recorded step number `at`. */
function reported({ steps }: Played, at: number, step: Step): string[] {
  const comparison = new Comparison()
  let found: string[] = []
  for (const { recorded, simulated, leeway } of steps.slice(0, at + 1)) {
    const shown = recorded.i === at ? step : recorded
    found = comparison.step(shown, simulated, leeway).map(({ field }) => field)
  }
  return found
}

/** A value that is certainly another one. */
function other(value: unknown): unknown {
  if (typeof value === 'number') return value + 1
  if (typeof value === 'string') return value === 'none' ? 'page' : `${value}x`
  return [value, 'more']
}

const RESULTS = ['rc', 'errno', 'signal', 'len', 'text', 'data'] as const
const GROUPS = ['counts', 'tlbi', 'vm', 'thp'] as const
const RUN = ['at', 'n', 'kind', 'flags', 'folio', 'idx', 'ref', 'map', 'excl', 'table'] as const
const FOLIO = ['order', 'ref', 'map', 'entire', 'pins'] as const

function* alterations(step: Step): Generator<Alteration> {
  const unsure = new Set(step.unstable ?? [])
  for (const field of RESULTS) {
    if (step[field] !== undefined && !unsure.has(field)) {
      yield { what: field, field, step: { ...step, [field]: other(step[field]) } }
      yield { what: field, field, step: { ...step, [field]: undefined } }
    }
  }
  for (const group of GROUPS) yield* tallyAlterations(step, group, unsure)
  if (step.state === 'unchanged') yield { what: 'state', field: 'state', step: { ...step, state: [] } }
  else if (step.state !== undefined && !unsure.has('state.runs')) yield* stateAlterations(step, step.state)
  for (const [who, list] of Object.entries(step.vmas ?? {})) {
    if (list !== 'same') yield* vmaAlterations(step, who, list, unsure)
  }
}

function* tallyAlterations(
  step: Step,
  group: (typeof GROUPS)[number],
  unsure: ReadonlySet<string>
): Generator<Alteration> {
  const tally: Tally = step[group] ?? {}
  for (const [name, n] of Object.entries(tally)) {
    const field = `${group}.${name}`
    if (unsure.has(field) || (group === 'counts' && !isCompared(name))) continue
    yield { what: group, field, step: { ...step, [group]: { ...tally, [name]: n + 1 } } }
    const { [name]: _gone, ...rest } = tally
    yield { what: group, field, step: { ...step, [group]: rest } }
  }
}

function* stateAlterations(step: Step, state: readonly RegionState[]): Generator<Alteration> {
  for (const [k, region] of state.entries()) {
    const key = `state.${region.who}.${region.r}`
    const put = (changed: RegionState) => ({
      ...step,
      state: state.map((one, j) => (j === k ? changed : one))
    })
    yield { what: 'state', field: 'state', step: { ...step, state: state.filter((_one, j) => j !== k) } }
    for (const [i, run] of (region.runs ?? []).entries()) {
      for (const name of RUN) {
        if (run[name] === undefined) continue
        const runs = (region.runs ?? []).map((one, j) =>
          j === i ? ({ ...one, [name]: other(run[name]) } as Run) : one
        )
        yield { what: `runs.${name}`, field: key, step: put({ ...region, runs }) }
      }
    }
    for (const [i, folio] of (region.folios ?? []).entries()) {
      for (const name of FOLIO) {
        if (folio[name] === undefined) continue
        const folios = (region.folios ?? []).map((one, j) =>
          j === i ? { ...one, [name]: other(folio[name]) } : one
        )
        yield { what: `folios.${name}`, field: `${key}.folios`, step: put({ ...region, folios }) }
      }
    }
  }
}

function* vmaAlterations(
  step: Step,
  who: string,
  list: readonly VmaInfo[],
  unsure: ReadonlySet<string>
): Generator<Alteration> {
  for (const [k, vma] of list.entries()) {
    for (const name of Object.keys(vma)) {
      if (unsure.has(`vmas.${who}.${name}`)) continue
      const changed = list.map((one, j) =>
        j === k ? ({ ...one, [name]: other(vma[name]) } as VmaInfo) : one
      )
      yield {
        what: `vmas.${name}`,
        field: `vmas.${who}`,
        step: { ...step, vmas: { ...step.vmas, [who]: changed } }
      }
    }
  }
}

/** Fields of a run, a folio or a step that a comparison does not look at. */
function uncompared(step: Step): Step {
  const state =
    typeof step.state === 'string'
      ? step.state
      : step.state?.map((region) => ({
          ...region,
          pagemap: ['altered'],
          runs: region.runs?.map((run) => ({ ...run, attr: 'altered', kpf: 'altered', fresh: 77 })),
          folios: region.folios?.map((folio) => ({ ...folio, kpf: 'altered' }))
        }))
  const altered = { tlbi_by: { altered: { vale1is: 1 } }, dsb_by: { altered: { ish: 1 } } }
  return JSON.parse(JSON.stringify({ ...step, ...altered, state })) as Step
}

describe('a comparison', () => {
  const played: Played[] = []

  beforeAll(() => {
    for (const [file, id] of CASES) played.push(play(file, id))
  })

  it('finds nothing in the cases as they are', () => {
    for (const one of played) {
      for (const { recorded } of one.steps)
        expect(reported(one, recorded.i, recorded), one.each.id).toEqual([])
    }
  })

  it('reports every altered field, and reaches every field of the schema', () => {
    const reached = new Map<string, number>()
    for (const one of played) {
      for (const { recorded } of one.steps) {
        for (const { what, field, step } of alterations(recorded)) {
          const found = reported(one, recorded.i, step)
          const where = `${one.each.id} step ${recorded.i}: ${field} (${what})`
          expect(
            found.some((name) => name.startsWith(field)),
            `${where}: reported ${found.join(', ')}`
          ).toBe(true)
          reached.set(what, (reached.get(what) ?? 0) + 1)
        }
      }
    }
    expect(REACHED.filter((what) => !reached.has(what))).toEqual([])
  })

  it('does not look at raw descriptors, page flags, pagemap, frames, nor at who issued what', () => {
    for (const one of played) {
      for (const { recorded } of one.steps)
        expect(reported(one, recorded.i, uncompared(recorded))).toEqual([])
    }
  })

  it('does not look at what is unstable, nor at counts that were lost', () => {
    let altered = 0
    for (const one of played) {
      for (const { recorded } of one.steps) {
        for (const { what, field, step } of alterations(recorded)) {
          if (!['counts', 'tlbi', 'vm', 'thp'].includes(what)) continue
          const unstable = { ...step, unstable: [...(step.unstable ?? []), field] }
          expect(reported(one, recorded.i, unstable), `${one.each.id} ${recorded.i} ${field}`).toEqual([])
          if (what === 'counts') {
            expect(reported(one, recorded.i, { ...step, counts_missing: true })).toEqual([])
          }
          altered++
        }
      }
    }
    expect(altered).toBeGreaterThan(500)
  })

  it('allows what chance may add only as far as it is said, and in one direction', () => {
    const base: Step = { i: 0, op: 'fork', args: { c: 'c1' }, counts: { __set_ptes: 5 } }
    const leeway: Leeway = { ...NO_LEEWAY, fields: { 'counts.__set_ptes': { more: 2, jump: 4 } } }
    const differs = (n: number) =>
      new Comparison().step({ ...base, counts: { __set_ptes: n } }, base, leeway).length > 0
    expect([4, 5, 6, 7, 8, 9, 10].map(differs)).toEqual([true, false, false, false, true, false, true])
  })

  it('after clear_refs takes a missing access flag, but none too many', () => {
    const state = (runs: Run[]): Step => ({
      i: 0,
      op: 'read',
      args: {},
      who: 'p',
      state: [{ who: 'p', r: 'r0', runs }]
    })
    const run = (at: number, n: number, flags: string): Run => ({
      at,
      n,
      kind: 'page',
      flags,
      folio: 'f1',
      idx: at,
      map: 1,
      excl: 1
    })
    const all = state([run(0, 16, 'user af ng')])
    const some = state([run(0, 3, 'user ng'), run(3, 1, 'user af ng'), run(4, 12, 'user ng')])
    const found = (recorded: Step, simulated: Step, staleTlb: boolean) =>
      new Comparison().step(recorded, simulated, { ...NO_LEEWAY, staleTlb }).length
    expect(found(some, all, true)).toBe(0)
    expect(found(some, all, false)).toBe(1)
    expect(found(all, some, true)).toBe(1)
  })
})

/** Compares a simulated step with a recorded one, field by field. */
import { NO_LEEWAY, type Allowance, type Allowances, type Leeway } from './allowances'
import { isCompared } from './counts'
import type { FolioState, RegionState, Run, Step, TreeEntry, VmaInfo } from './schema'
import { joinRuns } from './snapshot'

/** A field that differs. */
export interface Difference {
  readonly field: string
  readonly recorded: unknown
  readonly simulated: unknown
}

/** Fields of a result that are compared as they are. */
const RESULTS = ['rc', 'errno', 'signal', 'len', 'text', 'read_errno', 'tree', 'data'] as const

/** What one side showed last, a region and a process at a time. */
class Shown {
  readonly regions = new Map<string, RegionState>()
  readonly vmas = new Map<string, readonly VmaInfo[]>()
  /** Regions whose last state is not to be checked. */
  readonly unsure = new Map<string, Set<string>>()

  take(step: Step): void {
    if (Array.isArray(step.state)) {
      const next = new Map<string, RegionState>()
      for (const entry of step.state as RegionState[]) {
        const key = `${entry.who}.${entry.r}`
        const value = entry.same === true ? this.regions.get(key) : entry
        if (value !== undefined) next.set(key, value)
      }
      this.regions.clear()
      for (const [key, value] of next) this.regions.set(key, value)
    }
    if (step.vmas !== undefined) {
      const before = new Map(this.vmas)
      this.vmas.clear()
      for (const [who, list] of Object.entries(step.vmas)) {
        const value = list === 'same' ? before.get(who) : list
        if (value !== undefined) this.vmas.set(who, value)
      }
    }
  }
}

/** Compares the steps of one case in order. */
export class Comparison {
  readonly #recorded = new Shown()
  readonly #simulated = new Shown()
  /** Recorded folio names and the simulated ones that stood for them at the last step. */
  #paired = new Map<string, string>()
  #before: readonly (readonly [string, RegionState])[] = []

  /**
   * The fields of this step that differ, most telling first. `leeway` says what the recording may show
   * besides what was simulated.
   */
  step(recorded: Step, simulated: Step, leeway: Leeway = NO_LEEWAY): Difference[] {
    this.#recorded.take(recorded)
    this.#simulated.take(simulated)
    const unstable = new Set(recorded.unstable ?? [])
    const found: Difference[] = []
    for (const field of RESULTS) {
      if (unstable.has(field)) continue
      if (field === 'tree') found.push(...treesDiffer(recorded.tree ?? [], simulated.tree ?? [], unstable))
      else if (!same(recorded[field], simulated[field])) {
        found.push({ field, recorded: recorded[field], simulated: simulated[field] })
      }
    }
    if (recorded.state !== undefined && !unstable.has('state.runs')) {
      found.push(...this.#states(recorded, unstable, leeway.staleTlb))
    }
    const counted = recorded.counts !== undefined && recorded.counts_missing === undefined
    const { fields } = leeway
    if (counted) found.push(...tallies('tlbi', recorded, simulated, unstable, fields))
    found.push(...tallies('vm', recorded, simulated, unstable, fields))
    if (recorded.state !== undefined) {
      found.push(...tallies('thp', recorded, simulated, unstable, fields))
    }
    if (recorded.vmas !== undefined) found.push(...this.#vmas(unstable, leeway.staleTlb))
    if (counted) found.push(...tallies('counts', recorded, simulated, unstable, fields, isCompared))
    return found
  }

  #states(step: Step, unstable: ReadonlySet<string>, staleTlb: boolean): Difference[] {
    const found: Difference[] = []
    const names = new Map<string, string>()
    const taken = new Map<string, string>()
    const [left, right] = [this.#recorded.regions, this.#simulated.regions]
    if (!same([...left.keys()].sort(), [...right.keys()].sort())) {
      return [{ field: 'state', recorded: [...left.keys()], simulated: [...right.keys()] }]
    }
    const loose = unstable.has('state.runs.at') || unstable.has('state.runs.n')
    for (const [key, recorded] of left) {
      const simulated = right.get(key)
      if (simulated === undefined) continue
      const ours = staleTlb
        ? withoutLostFlags(recorded.runs ?? [], simulated.runs ?? [])
        : (simulated.runs ?? [])
      found.push(...runsDiffer(key, recorded.runs ?? [], ours, loose, names, taken))
      found.push(...foliosDiffer(key, recorded.folios ?? [], simulated.folios ?? [], names))
    }
    if (found.length === 0) found.push(...this.#identities(step, left, taken))
    this.#paired = taken
    this.#before = [...left]
    return found
  }

  /**
   * Folios stay what they were. A name follows a frame, and which frame a new folio gets is chance; so
   * where the step may have allocated one, only what a page was and is mapped to can be compared.
   */
  #identities(
    step: Step,
    now: ReadonlyMap<string, RegionState>,
    paired: ReadonlyMap<string, string>
  ): Difference[] {
    const before = this.#paired
    const differ = (key: string, name: string): Difference[] => [
      { field: `state.${key}.identity`, recorded: name, simulated: [before.get(name), paired.get(name)] }
    ]
    if (!mayAllocate(step)) {
      const simulated = new Map([...before].map(([name, ours]) => [ours, name]))
      for (const [name, ours] of paired) {
        if (before.has(name) ? before.get(name) !== ours : simulated.has(ours)) return differ('folios', name)
      }
      return []
    }
    for (const [key, was] of this.#before) {
      const is = now.get(key)
      if (is === undefined || is === was) continue
      for (const [old, current] of sharedPages(was.runs ?? [], is.runs ?? [])) {
        if (!isName(old) || !isName(current)) continue
        if ((old === current) !== (before.get(old) === paired.get(current))) return differ(key, current)
      }
    }
    return []
  }

  #vmas(unstable: ReadonlySet<string>, staleTlb: boolean): Difference[] {
    const [left, right] = [this.#recorded.vmas, this.#simulated.vmas]
    const found: Difference[] = []
    for (const who of new Set([...left.keys(), ...right.keys()])) {
      const a = left.get(who) ?? []
      const b = right.get(who) ?? []
      if (a.length !== b.length) {
        found.push({ field: `vmas.${who}`, recorded: a.map(place), simulated: b.map(place) })
        continue
      }
      a.forEach((vma, k) => {
        const names = new Set([...Object.keys(vma), ...Object.keys(b[k])])
        for (const name of names) {
          if (unstable.has(`vmas.${who}.${name}`)) continue
          // Pages whose access flag a TLB kept from being set are not referenced.
          if (staleTlb && name === 'Referenced' && Number(vma[name] ?? 0) <= Number(b[k][name] ?? 0)) continue
          if (vma[name] !== b[k][name]) {
            const field = `vmas.${who}[${k}].${name}`
            found.push({ field, recorded: vma[name], simulated: b[k][name] })
          }
        }
      })
    }
    return found
  }
}

/** The first entry of two listings that differs. */
function treesDiffer(
  recorded: readonly TreeEntry[],
  simulated: readonly TreeEntry[],
  unstable: ReadonlySet<string>
): Difference[] {
  const kept = (entry: TreeEntry | undefined): TreeEntry | undefined =>
    entry && unstable.has('tree.text') ? { path: entry.path, mode: entry.mode } : entry
  for (let k = 0; k < Math.max(recorded.length, simulated.length); k++) {
    const [a, b] = [kept(recorded.at(k)), kept(simulated.at(k))]
    if (!same(a, b)) return [{ field: `tree[${k}]`, recorded: a, simulated: b }]
  }
  return []
}

const ALLOCATING = new Set(['write', 'read', 'fork', 'pin', 'mlock'])
const ALLOCATING_ADVICE = new Set(['populate_read', 'populate_write', 'collapse', 'pageout', 'free', 'cold'])

/** Whether the operation may have made folios (a split makes some too). */
function mayAllocate({ op, args }: Step): boolean {
  return ALLOCATING.has(op) || (op === 'madvise' && ALLOCATING_ADVICE.has(String(args.adv)))
}

/** Folios of the same pages in two lists of runs, a piece at a time. */
function* sharedPages(
  was: readonly Run[],
  is: readonly Run[]
): Generator<readonly [string | undefined, string | undefined]> {
  let k = 0
  for (const run of was) {
    while (k < is.length && is[k].at + is[k].n <= run.at) k++
    for (let j = k; j < is.length && is[j].at < run.at + run.n; j++) yield [run.folio, is[j].folio]
  }
}

const YOUNG = ' af'

/**
 * The simulated runs, without the access flag where the recording has none: after `clearrefs` an entry
 * gets it back only when a TLB does not hold it any more. The recording never has one more.
 */
function withoutLostFlags(recorded: readonly Run[], simulated: readonly Run[]): Run[] {
  const pieces: Run[] = []
  let k = 0
  for (const run of simulated) {
    const end = run.at + run.n
    while (k < recorded.length && recorded[k].at + recorded[k].n <= run.at) k++
    for (let at = run.at, j = k; at < end; j++) {
      const other = recorded.at(j)
      const to = other === undefined ? end : Math.min(end, other.at + other.n)
      const lost = other !== undefined && other.kind === run.kind && other.flags?.includes(YOUNG) === false
      pieces.push({
        ...run,
        at,
        n: to - at,
        ...(run.idx !== undefined && { idx: run.idx + at - run.at }),
        ...(lost && run.flags !== undefined && { flags: run.flags.replace(YOUNG, '') })
      })
      at = to
    }
  }
  return pieces
}

function isName(name: string | undefined): name is string {
  return name !== undefined && /^f\d+$/.test(name)
}

function place({ r, from, n, perms, VmFlags }: VmaInfo): string {
  return `${r}+${from},${n} ${perms} ${VmFlags}`
}

function bare(run: Run, loose: boolean): Run {
  const { attr: _attr, kpf: _kpf, fresh: _fresh, ...rest } = run
  if (!loose) return rest
  const { ref: _ref, ...withoutRef } = rest
  return withoutRef
}

function runsDiffer(
  key: string,
  recorded: readonly Run[],
  simulated: readonly Run[],
  loose: boolean,
  names: Map<string, string>,
  taken: Map<string, string>
): Difference[] {
  const left = joinRuns(recorded.map((run) => bare(run, loose)))
  const right = joinRuns(simulated.map((run) => bare(run, loose)))
  for (let k = 0; k < Math.max(left.length, right.length); k++) {
    const [a, b] = [left[k], right[k]] as (Run | undefined)[]
    const where = `state.${key}.runs[${k}]`
    if (a === undefined || b === undefined) return [{ field: where, recorded: a, simulated: b }]
    for (const field of [
      'at',
      'kind',
      'table',
      'flags',
      'folio',
      'idx',
      'map',
      'excl',
      'ref',
      'n'
    ] as const) {
      if (field === 'folio' ? agree(a.folio, b.folio, names, taken) : a[field] === b[field]) continue
      return [{ field: `${where}.${field}`, recorded: a, simulated: b }]
    }
  }
  return []
}

/** Whether two folio names may stand for the same folio, given what they stood for so far. */
function agree(
  recorded: string | undefined,
  simulated: string | undefined,
  names: Map<string, string>,
  taken: Map<string, string>
): boolean {
  if (!isName(recorded) || !isName(simulated)) return recorded === simulated
  const known = names.get(simulated)
  if (known !== undefined) return known === recorded
  if (taken.has(recorded)) return false
  names.set(simulated, recorded)
  taken.set(recorded, simulated)
  return true
}

function foliosDiffer(
  key: string,
  recorded: readonly FolioState[],
  simulated: readonly FolioState[],
  names: ReadonlyMap<string, string>
): Difference[] {
  const byName = new Map(simulated.map((folio) => [names.get(folio.id) ?? folio.id, folio]))
  for (const folio of recorded) {
    const other = byName.get(folio.id)
    const where = `state.${key}.folios.${folio.id}`
    if (other === undefined) return [{ field: where, recorded: folio, simulated: undefined }]
    for (const field of ['order', 'map', 'entire', 'pins', 'ref'] as const) {
      if (folio[field] !== other[field]) {
        return [{ field: `${where}.${field}`, recorded: folio[field], simulated: other[field] }]
      }
    }
  }
  if (recorded.length !== simulated.length) {
    return [{ field: `state.${key}.folios`, recorded: recorded.length, simulated: simulated.length }]
  }
  return []
}

function tallies(
  group: 'counts' | 'tlbi' | 'vm' | 'thp',
  recorded: Step,
  simulated: Step,
  unstable: ReadonlySet<string>,
  allowed: Allowances,
  compared: (name: string) => boolean = () => true
): Difference[] {
  const a = recorded[group] ?? {}
  const b = simulated[group] ?? {}
  const found: Difference[] = []
  for (const name of [...new Set([...Object.keys(a), ...Object.keys(b)])].sort()) {
    const field = `${group}.${name}`
    if (!compared(name) || unstable.has(field) || unstable.has(group)) continue
    const [left, right] = [a[name] ?? 0, b[name] ?? 0]
    const { more = 0, fewer = 0, jump = 0 } = (allowed as Record<string, Allowance | undefined>)[field] ?? {}
    const near = left >= right - fewer && left <= right + more
    if (!near && left !== right + jump) found.push({ field, recorded: left, simulated: right })
  }
  return found
}

/** Deep equality of JSON values. */
function same(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}

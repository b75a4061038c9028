/**
 * The values that entries of a model take, as small numbers, and what the break-before-make rules say
 * of every pair of them. Value 0 of an entry is invalid; translations of several pages (a block entry,
 * or a contiguous block) have an alphabet of their own.
 */
import { breakBeforeMake, type BbmConditions, type Mapping } from '../engine/arch/bbm'
import { CONT } from '../engine/arch/descriptor'
import { ACCESS_ATTR, BLOCK_PAGES, mappingOf } from '../engine/hugetlb/sequences/mapping'
import type { Access, Pte, PteValue, Sequence, UpperValue } from '../engine/hugetlb/sequences/step'
import type { Model } from './model'
import { V } from './violation'

export const RW = 0
export const RO = 1
export const CLEAN = 2
const ACCESS: Readonly<Record<Access, number>> = { rw: RW, ro: RO, clean: CLEAN }
/** A pair of values whose only breach is that their pages may hold other contents. */
export const NEEDS_SAME = 100
const NONE = -1

/** A value of one entry. */
export interface Value {
  readonly frame: number
  readonly access: number
  readonly cont: boolean
  readonly accessed: boolean
  readonly mapping: Mapping
}

/** A translation of all entries at once. */
export interface Wide {
  readonly base: number
  readonly access: number
  readonly cont: boolean
  readonly nt: boolean
}

const keyOf = (value: PteValue): string =>
  value === 'invalid'
    ? 'invalid'
    : `${value.frame} ${value.access}${value.cont ? ' cont' : ''}${value.accessed === false ? ' old' : ''}`

/** How a value reads in a counterexample. */
export function valueText(value: PteValue): string {
  if (value === 'invalid') return 'invalid'
  const access = { rw: 'RW', ro: 'RO', clean: 'writable-clean' }[value.access]
  return `${value.frame} ${access}${value.cont ? ' CONT' : ''}${value.accessed === false ? ' AF=0' : ''}`
}

export class Values {
  readonly frames: readonly string[]
  readonly entries: readonly string[]
  /** By entry: its values, without `invalid`, as written. */
  readonly written: PteValue[][] = []
  readonly of: Value[][] = []
  readonly wides: Wide[] = []
  /** Codes of `V` (or `NEEDS_SAME`, or -1) by entry, old and new value. */
  readonly breach: Int8Array[] = []
  /** The same between a wide translation and a value: by entry, wide and value. */
  readonly wideBreach: Int8Array[] = []
  /** By entry and value: the wide translation it may give, or -1. */
  readonly wideOf: number[][] = []
  readonly hasClean: boolean
  readonly hasCont: boolean
  readonly #keys: Map<string, number>[] = []
  readonly #model: Model

  constructor(model: Model, sizeWithPermission: 'allowed' | 'forbidden') {
    const { sequence } = model
    this.#model = model
    this.frames = Object.keys(sequence.frames)
    this.entries = sequence.entries
    for (const entry of sequence.entries) this.#collect(entry, sequence)
    this.hasClean = this.of.some((list) => list.some(({ access }) => access === CLEAN))
    this.hasCont = this.of.some((list) => list.some(({ cont }) => cont))
    for (const list of this.of)
      this.wideOf.push(list.map((value) => this.#wideFor(value, this.wideOf.length)))
    for (const upper of this.#uppers(sequence)) this.wideOfUpper(upper)
    const conditions = (sameContents: boolean): BbmConditions => ({
      level: model.bbm,
      contents: model.content,
      sameContents,
      hardwareDirty: true,
      sizeWithPermission
    })
    this.of.forEach((list, entry) => {
      this.breach.push(
        this.#table(
          list.map(({ mapping }) => mapping),
          list,
          conditions
        )
      )
      this.wideBreach.push(
        this.#table(
          this.wides.map((wide) => this.#mapping(wide, entry)),
          list,
          conditions
        )
      )
    })
  }

  /** The number of a value of entry `entry`. */
  valueOf(entry: number, value: PteValue): number {
    const found = this.#keys[entry].get(keyOf(value))
    if (found === undefined) throw new Error(`no value ${keyOf(value)}`)
    return found
  }

  /** The number of a block entry's translation, in `wides`. */
  wideOfUpper(value: Exclude<UpperValue, string>): number {
    return this.#wide({
      base: this.frames.indexOf(value.block),
      access: ACCESS[value.access],
      cont: false,
      nt: value.nt === true
    })
  }

  /** The same value after a store made it dirty, or a walk accessed. */
  variant(entry: number, value: number, change: Partial<Pte>): number {
    const written = this.written[entry][value]
    if (written === 'invalid') return 0
    return this.valueOf(entry, { ...written, ...change })
  }

  /** Whether two values of different size translate a page in the same way (a block and its pages). */
  agrees(wide: number, entry: number, value: number): boolean {
    const { base, cont } = this.wides[wide]
    const page = this.of[entry][value]
    return cont && page.cont && base + entry === page.frame
  }

  #collect(entry: string, sequence: Sequence): void {
    const keys = new Map<string, number>()
    const written: PteValue[] = []
    const add = (value: PteValue): void => {
      if (keys.has(keyOf(value))) return
      keys.set(keyOf(value), written.length)
      written.push(value)
      if (value === 'invalid') return
      // What hardware may make of it.
      if (value.accessed === false) add({ ...value, accessed: true })
      if (value.access === 'clean') add({ ...value, access: 'rw', accessed: true })
    }
    add('invalid')
    add(sequence.start[entry])
    for (const step of sequence.steps) if (step.do === 'write entry' && step.entry === entry) add(step.value)
    this.#keys.push(keys)
    this.written.push(written)
    this.of.push(written.map((value) => this.#value(value, sequence)))
  }

  #value(value: PteValue, sequence: Sequence): Value {
    const mapping = mappingOf(sequence, value)
    if (value === 'invalid') return { frame: NONE, access: RO, cont: false, accessed: false, mapping }
    return {
      frame: mapping.pfn,
      access: ACCESS[value.access],
      cont: value.cont === true,
      accessed: value.accessed !== false,
      mapping
    }
  }

  #wideFor(value: Value, entry: number): number {
    if (!value.cont) return NONE
    return this.#wide({ base: value.frame - entry, access: value.access, cont: true, nt: false })
  }

  #uppers({ upper, steps }: Sequence): Exclude<UpperValue, string>[] {
    const all = [upper, ...steps.map((step) => (step.do === 'write upper' ? step.value : undefined))]
    return all.filter((value) => typeof value === 'object')
  }

  #wide(wide: Wide): number {
    const same = this.wides.findIndex(
      ({ base, access, cont, nt }) =>
        base === wide.base && access === wide.access && cont === wide.cont && nt === wide.nt
    )
    return same >= 0 ? same : this.wides.push(wide) - 1
  }

  #mapping({ base, access, cont, nt }: Wide, entry: number): Mapping {
    const name = (['rw', 'ro', 'clean'] as const)[access]
    const attr = ACCESS_ATTR[name] | (cont ? CONT : 0)
    const pages = cont ? this.entries.length : BLOCK_PAGES
    return { attr, pfn: base + entry, pages, nt, contiguous: cont }
  }

  #table(
    from: readonly Mapping[],
    to: readonly Value[],
    conditions: (sameContents: boolean) => BbmConditions
  ): Int8Array {
    const table = new Int8Array(from.length * to.length).fill(NONE)
    if (this.#model.architecture === 'x86-64') return table
    from.forEach((old, row) => {
      to.forEach(({ mapping }, column) => {
        table[row * to.length + column] = codeOf(old, mapping, conditions)
      })
    })
    return table
  }
}

function codeOf(old: Mapping, next: Mapping, conditions: (sameContents: boolean) => BbmConditions): number {
  const same = breakBeforeMake(old, next, conditions(true))
  if (same.length === 0) return breakBeforeMake(old, next, conditions(false)).length > 0 ? NEEDS_SAME : NONE
  const [{ rule }] = same
  if (rule === 'B1') return V.typeChange
  if (rule === 'B2') return V.addressChange
  if (rule === 'B3') return V.sizeChange
  return rule === 'B4' ? V.globalChange : V.sizeAndMore
}

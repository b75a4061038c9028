/** Page tables and folios of a simulated process, as the recordings show them. */
import {
  AF,
  CONT,
  DIRTY,
  NG,
  PROT_NONE,
  PXN,
  RDONLY,
  SPECIAL,
  USER,
  UXN,
  VALID,
  WRITE,
  isPmdLeaf,
  isPresent
} from '../../engine/arch/descriptor'
import { TABLE } from '../../engine/arch/descriptor'
import { ANON, HUGETLB } from '../../engine/mm/folio'
import type { Mm } from '../../engine/mm/mm'
import { findPmd, findSlot } from '../../engine/mm/walk'
import type { World } from '../../engine/world'
import type { FolioState, RegionState, Run } from './schema'

/** Names of folios within a case: by the frame of their first page, in order of appearance. */
export class FolioNames {
  readonly #names = new Map<number, string>()

  of(pfn: number): string {
    const known = this.#names.get(pfn)
    if (known !== undefined) return known
    const name = `f${this.#names.size + 1}`
    this.#names.set(pfn, name)
    return name
  }
}

const FLAG_NAMES: readonly (readonly [number, string])[] = [
  [USER, 'user'],
  [RDONLY, 'ro'],
  [AF, 'af'],
  [NG, 'ng'],
  [WRITE, 'w'],
  [CONT, 'cont'],
  [PXN, 'pxn'],
  [UXN, 'uxn'],
  [DIRTY, 'dirty'],
  [SPECIAL, 'special']
]

/** AttrIndx[2:0], bits 4:2. */
const ATTR_SHIFT = 2
const ATTR_MASK = 7

function flagsText(attr: number): string {
  // A PROT_NONE entry has nG in both layouts; 6.10+ even mark it so.
  const lane = (attr & VALID) === 0 && (attr & PROT_NONE) !== 0 ? attr | NG : attr
  const names = FLAG_NAMES.filter(([bit]) => (lane & bit) !== 0).map(([, name]) => name)
  const index = (attr >>> ATTR_SHIFT) & ATTR_MASK
  if (index !== 0) names.push(`attr${index}`)
  return names.join(' ')
}

const texts = new Map<number, string>()

function flagsOf(attr: number): string {
  let text = texts.get(attr)
  if (text === undefined) texts.set(attr, (text = flagsText(attr)))
  return text
}

/** Whether `next` continues `run`. */
function continues(run: Run, next: Run): boolean {
  return (
    run.kind === next.kind &&
    run.flags === next.flags &&
    run.folio === next.folio &&
    run.ref === next.ref &&
    run.map === next.map &&
    run.excl === next.excl &&
    run.table === next.table &&
    (run.idx === undefined ? next.idx === undefined : next.idx === run.idx + run.n)
  )
}

/** Joins neighbours that look the same. */
export function joinRuns(runs: Iterable<Run>): Run[] {
  const joined: Run[] = []
  for (const run of runs) {
    const last = joined.at(-1)
    if (last !== undefined && last.at + last.n === run.at && continues(last, run)) {
      joined[joined.length - 1] = { ...last, n: last.n + run.n }
    } else joined.push(run)
  }
  return joined
}

/** One region as `mm` maps it: pages `[vpn, vpn + pages)`. */
export function regionState(
  world: World,
  mm: Mm,
  vpn: number,
  pages: number,
  names: FolioNames
): Pick<RegionState, 'runs' | 'folios'> {
  const heads: number[] = []
  const runs = joinRuns(pageRuns(world, mm, vpn, pages, names, heads))
  const folios = heads.map((head) => folioState(world, head, names))
  return folios.length > 0 ? { runs, folios } : { runs }
}

function* pageRuns(
  world: World,
  mm: Mm,
  vpn: number,
  pages: number,
  names: FolioNames,
  heads: number[]
): Generator<Run> {
  const { tables, geometry } = world
  const { tableEntries } = geometry
  const seen = new Set<number>()
  const described = (at: number, attr: number, pfn: number, block: boolean): Run =>
    describe(world, at, attr, pfn, block, names, (head) => {
      if (seen.has(head)) return
      seen.add(head)
      heads.push(head)
    })
  for (let at = 0; at < pages;) {
    const page = vpn + at
    const inTable = page % tableEntries
    const next = Math.min(at - inTable + tableEntries, pages)
    const pmd = findPmd(world, mm, page)
    const pmdAttr = pmd === 0 ? 0 : tables.attr(pmd)
    if (isPmdLeaf(pmdAttr)) {
      for (let i = at; i < next; i++) yield described(i, pmdAttr, tables.pfn(pmd) + inTable + i - at, true)
    } else if ((pmdAttr & TABLE) === TABLE) {
      const slot = findSlot(world, mm, page)
      for (let i = at; i < next; i++) {
        const attr = tables.attr(slot + i - at)
        if (attr === 0) yield { at: i, n: 1, kind: 'none', table: 3 }
        else if (!isPresent(attr)) yield { at: i, n: 1, kind: 'swap' }
        else yield described(i, attr, tables.pfn(slot + i - at), false)
      }
    } else {
      yield pmdAttr === 0
        ? { at, n: next - at, kind: 'none', table: pmd === 0 ? 1 : 2 }
        : { at, n: next - at, kind: 'swap' }
    }
    at = next
  }
}

function describe(
  world: World,
  at: number,
  attr: number,
  pfn: number,
  block: boolean,
  names: FolioNames,
  meet: (head: number) => void
): Run {
  const { folios } = world
  const kind = (block ? 'block' : 'page') + ((attr & VALID) === 0 ? '-protnone' : '')
  const flags = flagsOf(attr)
  if (pfn === world.zeroPfn) return { at, n: 1, kind, flags, folio: 'zero' }
  const word = folios.word(pfn)
  if (word === 0 || (block && (word & ANON) === 0 && folios.entireMapcount(pfn) === 0)) {
    return { at, n: 1, kind, flags, folio: block ? 'hugezero' : 'zero' }
  }
  // Mappings of a HugeTLB page are of the whole only, and count for each of its pages.
  const map = (word & HUGETLB) === 0 ? folios.mapcount(pfn) : folios.entireMapcount(pfn)
  const excl = (word & ANON) !== 0 ? { excl: folios.isExclusive(pfn) ? 1 : 0 } : {}
  if (folios.order(pfn) === 0) {
    return { at, n: 1, kind, flags, folio: 'single', ref: folios.refcount(pfn), map, ...excl }
  }
  const head = folios.head(pfn)
  meet(head)
  return { at, n: 1, kind, flags, folio: names.of(head), idx: pfn - head, map, ...excl }
}

function folioState(world: World, head: number, names: FolioNames): FolioState {
  const { folios } = world
  const entire = folios.entireMapcount(head)
  const pins = folios.pincount(head)
  return {
    id: names.of(head),
    order: folios.order(head),
    ref: folios.refcount(head),
    map: folios.totalMapcount(head),
    ...(entire > 0 && { entire }),
    ...(pins > 0 && { pins })
  }
}

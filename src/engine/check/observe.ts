/**
 * What others can make of one contpte block at any moment, above all while a teardown has cleared part
 * of it: what a walk by another CPU finds at each index, which translations its TLB may form or hold,
 * what a broadcast TLBI takes away, and whether that is safe, by which rule.
 *
 * Source: Ryan Roberts, 28 Nov 2023, on v2 14/14 (cases A and B; only valid entries that disagree are
 * misprogrammed), and reference `teardown.md` section 5, R1 to R7. Looking counts and changes nothing.
 */
import { CONT, VALID, isValidCont } from '../arch/descriptor'
import { FOLIO_CONT, IN_USE } from '../mm/folio'
import { findSlot } from '../mm/walk'
import type { World } from '../world'
import { misprogrammed } from './contiguity'

/** What an observer looks at: a world, or the state that a trace tells. */
export interface ObservedState {
  readonly tables: World['tables']
  readonly folios: World['folios']
  readonly geometry: World['geometry']
  readonly tlbs?: ObservedTlbs | undefined
}

/** The lanes of `Tlbs` that matter here. */
export interface ObservedTlbs {
  readonly agents: number
  readonly entries: number
  readonly pid: Int32Array
  readonly vpn: Float64Array
  readonly pages: Int32Array
  readonly pfn: Int32Array
  readonly attr: Int32Array
}

/** Every verdict, with what it says. Names are public. */
export const OBSERVATION_RULES = {
  misprogrammed: {
    safe: false,
    text: 'Valid entries of the block disagree: hardware may do anything (cases 0 and 1).'
  },
  'given-up': {
    safe: false,
    text: 'A translation can still reach a page that was given up: all entries, then the TLBI, then the pages (R4).'
  },
  'nobody-runs': {
    safe: true,
    text: 'Pages were given up while neighbours can map them, but nothing runs in an exiting address space (R4, T2).'
  },
  'case-b': {
    safe: true,
    text: 'Case B: a walk of a remaining entry may map the whole block again; no page of it has been given up (R3).'
  },
  'not-flushed': {
    safe: true,
    text: 'A TLB still translates cleared entries; their pages are kept until the flush (R3).'
  },
  'case-a': {
    safe: true,
    text: 'Case A: an access to a cleared entry faults and waits for the page-table lock (R2).'
  },
  folded: { safe: true, text: 'All entries are valid and agree: one block.' },
  plain: { safe: true, text: 'No valid entry has the contiguous bit: each speaks for itself.' }
} as const

export type ObservationRule = keyof typeof OBSERVATION_RULES

/** One index of the block, as another CPU meets it. */
export interface ObservedEntry {
  /** A walk of this very index: faults (case A), or gives a page, or may give the whole block (case B). */
  readonly walk: 'fault' | 'page' | 'block'
  /** Whether a walk of another index may give a translation that covers this one. */
  readonly neighbours: boolean
  /** CPUs and walkers whose TLB translates the page now; none of those whose process has ended. */
  readonly held: readonly number[]
  /** The frame that an access may reach, -1 where none can. */
  readonly pfn: number
  /** That frame's page has lost its mapping and its reference: whoever reaches it reaches what is no longer his. */
  readonly givenUp: boolean
}

/** A translation that overlaps the block. */
export interface ObservedTranslation {
  readonly agent: number
  readonly vpn: number
  readonly pages: number
  readonly pfn: number
  /** One entry for the whole block. */
  readonly coalesced: boolean
  /** It translates an index that is cleared. */
  readonly cleared: boolean
}

/** A block at one moment. */
export interface BlockObservation {
  /** First page. */
  readonly vpn: number
  readonly entries: readonly ObservedEntry[]
  readonly valid: number
  readonly contiguous: number
  readonly translations: readonly ObservedTranslation[]
  /** What a broadcast TLBI of any page of the block, or the whole ASID, does now (R5: no more than an eviction). */
  readonly invalidation: {
    readonly removes: number
    /** The next walk may form an entry for the whole block again. */
    readonly comesBack: boolean
  }
  /** Whether an entry may be stored in a cleared index now: one that is not valid, one that is (R6). */
  readonly stores: { readonly marker: boolean; readonly valid: boolean }
  readonly safe: boolean
  readonly rule: ObservationRule
  readonly why: string
}

/**
 * The block around page `vpn` of an address space. `exiting`: its last user is gone, so that nobody can
 * access anything by its ASID.
 */
export function observeBlock(
  state: ObservedState,
  mm: { readonly pid: number; readonly root: number },
  vpn: number,
  exiting: boolean
): BlockObservation {
  const { tables, geometry } = state
  const c = geometry.contPtes
  const first = vpn - (vpn % c)
  const slot = findSlot(state, mm, first)
  const attrs = Array.from({ length: c }, (_, i) => (slot === 0 ? 0 : tables.attr(slot + i)))
  const valid = attrs.filter((attr) => (attr & VALID) !== 0).length
  const contiguous = attrs.filter(isValidCont).length
  const speaker = attrs.findIndex(isValidCont)
  const base = speaker < 0 ? -1 : tables.pfn(slot + speaker) - speaker
  const overlapping = translationsOf(state, mm.pid, first, attrs)

  const reached = attrs.map((attr, i): Omit<ObservedEntry, 'givenUp'> => {
    const covering = overlapping.filter((each) => first + i >= each.vpn && first + i < each.vpn + each.pages)
    const walk = (attr & VALID) === 0 ? 'fault' : isValidCont(attr) ? 'block' : 'page'
    const neighbours = contiguous > (walk === 'block' ? 1 : 0)
    const [seen] = covering
    const own = walk === 'fault' ? -1 : tables.pfn(slot + i)
    const elsewhere = neighbours ? base + i : -1
    const pfn =
      own >= 0 ? own : elsewhere >= 0 ? elsewhere : seen === undefined ? -1 : seen.pfn + first + i - seen.vpn
    return { walk, neighbours, held: covering.map(({ agent }) => agent), pfn }
  })
  const givenUp = pagesGivenUp(state, reached)
  const entries = reached.map((entry, i) => ({ ...entry, givenUp: givenUp[i] }))

  const half = contiguous > 0 && contiguous < c
  const stale = overlapping.some(({ cleared }) => cleared)
  let rule: ObservationRule
  if (slot !== 0 && misprogrammed(state, slot)) rule = 'misprogrammed'
  else if (entries.some((entry) => entry.givenUp)) rule = exiting ? 'nobody-runs' : 'given-up'
  else if (half) rule = 'case-b'
  else if (stale) rule = 'not-flushed'
  else if (contiguous === c) rule = 'folded'
  else rule = valid === c ? 'plain' : 'case-a'
  return {
    vpn: first,
    entries,
    valid,
    contiguous,
    translations: overlapping,
    invalidation: { removes: overlapping.length, comesBack: contiguous > 0 },
    // A valid entry beside contiguous ones is case 0; where a TLB may still hold the block it is a break without make.
    stores: { marker: true, valid: contiguous === 0 && !stale },
    safe: OBSERVATION_RULES[rule].safe,
    rule,
    why: OBSERVATION_RULES[rule].text
  }
}

/** What living TLB entries translate of the block that begins at page `first`. */
function translationsOf(
  { tlbs, geometry }: ObservedState,
  pid: number,
  first: number,
  attrs: readonly number[]
): ObservedTranslation[] {
  const found: ObservedTranslation[] = []
  if (tlbs === undefined) return found
  const c = geometry.contPtes
  for (let at = 0; at < tlbs.pid.length; at++) {
    const vpn = tlbs.vpn[at]
    const pages = tlbs.pages[at]
    if (tlbs.pid[at] !== pid || vpn >= first + c || first >= vpn + pages) continue
    const from = Math.max(0, vpn - first)
    const to = Math.min(c, vpn + pages - first)
    found.push({
      agent: Math.floor(at / tlbs.entries),
      vpn,
      pages,
      pfn: tlbs.pfn[at],
      coalesced: pages > 1 && (tlbs.attr[at] & CONT) !== 0,
      cleared: attrs.slice(from, to).some((attr) => (attr & VALID) === 0)
    })
  }
  return found
}

/**
 * Which cleared indices lead to pages that are nobody's any more: freed, or without a mapping while the
 * folio has no reference to spare for them. Those that wait in a gather keep theirs. Pages of zeroes,
 * which have no counts, are never given up.
 */
function pagesGivenUp(
  { folios, geometry }: ObservedState,
  entries: readonly Omit<ObservedEntry, 'givenUp'>[]
): boolean[] {
  const counted = entries.every(({ walk, pfn }) => walk === 'fault' || (folios.word(pfn) & IN_USE) !== 0)
  const cleared = entries.map(({ walk, pfn }) => counted && walk === 'fault' && !isReserved(folios, pfn))
  const unmapped = new Map<number, number>()
  for (const [i, { pfn }] of entries.entries()) {
    if (!cleared[i] || folios.mapcount(pfn) > 0) continue
    const head = folios.head(pfn)
    unmapped.set(head, (unmapped.get(head) ?? 0) + 1)
  }
  return entries.map(({ pfn }, i) => {
    if (!cleared[i]) return false
    if ((folios.word(pfn) & IN_USE) === 0) return true
    if (folios.mapcount(pfn) > 0 || folios.entireMapcount(pfn) > 0) return false
    const head = folios.head(pfn)
    const pins = folios.order(head) < 2 ? 0 : folios.pincount(head)
    const spare = folios.refcount(head) - pins - folios.totalMapcount(head)
    // Of what was mapped whole one reference stands for all pages.
    const whole = folios.order(head) >= geometry.pmdOrder || (folios.flags(head) & FOLIO_CONT) !== 0
    return spare < (whole ? 1 : (unmapped.get(head) ?? 0))
  })
}

/** No frame, or one of the part of memory that is never free: a page of zeroes. */
function isReserved({ buddy }: World['folios'], pfn: number): boolean {
  return pfn < 2 ** buddy.maxOrder
}

/**
 * Clearing present entries in the designs of `teardown.md` section 4: one entry at a time (D0, D1 and
 * D2, which the PTE operations tell apart), whole folios flushed at once (D5), runs as of v3 02/15 (D3), and the upstream batch (D4).
 * Young and dirty of a file page go to its folio; those of an anonymous one go with it.
 */
import { AF, PROT_NONE, SPECIAL, VALID, isDirty } from '../arch/descriptor'
import { COUNTER_INDEX } from '../trace/counters'
import { FN } from '../trace/functions'
import type { World } from '../world'
import { ANON, FOLIO_DIRTY } from './folio'
import type { MmuGather } from './gather'
import type { Mm } from './mm'
import { BATCH_NR, FPB_IGNORE_DIRTY, folioPteBatch } from './pte-batch'
import { munlockUnmapped, removeRmapPtes } from './rmap'

const ZAP_BATCH = COUNTER_INDEX.zapBatch
const RSS = COUNTER_INDEX.rss
const READ = COUNTER_INDEX.read

/** What tells a mapping with access from one without. */
const VALID_OR_PROT_NONE = VALID | PROT_NONE

/** One section under the page-table lock. */
export interface ZapSection {
  readonly world: World
  readonly mm: Mm
  readonly gather: MmuGather
  /** Of the VMA that maps them. */
  readonly vmaFlags: number
  /** The gather is full: the section ends. */
  full: boolean
  /** The TLB must be flushed before the lock is dropped. */
  forceFlush: boolean
}

/**
 * Clears the present entry of `slot`, which the caller read as `entry`, and as many after it as the
 * design takes together, at most `limit`; answers how many.
 */
export function zapPresent(
  section: ZapSection,
  vpn: number,
  slot: number,
  entry: number,
  limit: number
): number {
  const { world, mm, gather } = section
  const { ops, tables, kernel, calls } = world
  mm.count(ZAP_BATCH, 1)
  world.trace?.note('zap-batch', mm.pid, slot)
  // OnePlus looks in every entry for the contiguous bit first.
  if (kernel.zap === 'exposed') mm.count(READ, 1)
  calls[FN.vm_normal_page]++
  if ((entry & SPECIAL) !== 0) {
    ops.ptepGetAndClearFull(mm, slot, gather.fullmm)
    gather.cleared(vpn)
    world.probe?.('entries cleared')
    return 1
  }
  const pfn = tables.pfn(slot)
  if (kernel.zap === 'batch-upstream') return zapBatch(section, vpn, slot, entry, pfn, limit)
  if (kernel.zap === 'clear-ptes-v3') return zapRunV3(section, vpn, slot, pfn, limit)
  if (kernel.zap === 'flush-folio') {
    const nr = wholeFolio(section, slot, pfn, limit)
    if (nr > 1) return zapFlushedFolio(section, vpn, slot, pfn, nr)
  }
  const cleared = ops.ptepGetAndClearFull(mm, slot, gather.fullmm)
  gather.cleared(vpn)
  world.probe?.('entries cleared', pfn)
  dropPage(section, pfn, toFolio(section, pfn, cleared))
  return 1
}

/** D4 (6.9+): a run of one large folio is cleared, unmapped, counted and queued as one. */
function zapBatch(
  section: ZapSection,
  vpn: number,
  slot: number,
  entry: number,
  pfn: number,
  limit: number
): number {
  const { world, mm, gather, vmaFlags } = section
  const { ops, folios } = world
  const batched = limit !== 1 && folios.order(pfn) > 0
  const nr = batched ? folioPteBatch(world, mm, slot, entry, pfn, limit, FPB_IGNORE_DIRTY) & BATCH_NR : 1
  let delayRmap = false
  if ((folios.word(pfn) & ANON) !== 0) ops.clearFullPtes(mm, slot, nr, gather.fullmm)
  else delayRmap = toFolio(section, pfn, ops.getAndClearFullPtes(mm, slot, nr, gather.fullmm))
  gather.cleared(vpn, nr)
  world.probe?.('entries cleared', pfn)
  dropResident(section, pfn, nr)
  if (!delayRmap) {
    removeRmapPtes(world, mm, pfn, nr)
    munlockUnmapped(world, vmaFlags, pfn)
  }
  if (gather.queue(pfn, nr, delayRmap)) {
    section.forceFlush = true
    section.full = true
  }
  return nr
}

/**
 * D3: the run is cleared at once, no longer than the gather has room for; its pages are then unmapped
 * and queued one by one.
 */
function zapRunV3(section: ZapSection, vpn: number, slot: number, pfn: number, limit: number): number {
  const { world, mm, gather } = section
  const { ops, folios } = world
  const left = folios.head(pfn) + 2 ** folios.order(pfn) - pfn
  const run = 1 + continuedRun(section, slot, Math.min(limit, left) - 1)
  const nr = Math.min(run, gather.guaranteed)
  const cleared = ops.getAndClearFullPtes(mm, slot, nr, gather.fullmm)
  gather.cleared(vpn, nr)
  world.probe?.('entries cleared', pfn)
  const delayRmap = toFolio(section, pfn, cleared)
  for (let i = 0; i < nr; i++) dropPage(section, pfn + i, delayRmap)
  return nr
}

/** Pages of the folio whose first page `slot` maps, if the entries after it map the others in line; else 0. */
function wholeFolio(section: ZapSection, slot: number, pfn: number, limit: number): number {
  const { folios } = section.world
  const nr = 1 << folios.order(pfn)
  if (nr === 1 || nr > limit || folios.head(pfn) !== pfn) return 0
  return continuedRun(section, slot, nr - 1) === nr - 1 ? nr : 0
}

/**
 * D5: every entry of the folio is cleared, then its range is flushed, under exit too; only then its pages
 * are unmapped and queued one by one. Nothing is left to flush for them: a gather that fills meanwhile
 * may free them at once.
 */
function zapFlushedFolio(section: ZapSection, vpn: number, slot: number, pfn: number, nr: number): number {
  const { world, mm, gather } = section
  const cleared = world.ops.getAndClearFullPtes(mm, slot, nr, gather.fullmm)
  world.probe?.('entries cleared', pfn)
  world.tlbi.range(mm, vpn, nr, 1, true)
  toFolio(section, pfn, cleared)
  for (let i = 0; i < nr; i++) {
    dropResident(section, pfn + i, 1)
    removeRmapPtes(world, mm, pfn + i, 1)
    if (gather.queue(pfn + i)) gather.flush()
  }
  return nr
}

/** Entries after `slot`, at most `limit`, that map the pages that follow; the one that ends it is read too. */
function continuedRun(section: ZapSection, slot: number, limit: number): number {
  const { world, mm } = section
  const { ops, tables } = world
  const pfn = tables.pfn(slot)
  const none = tables.attr(slot) & VALID_OR_PROT_NONE
  let run = 0
  while (run < limit) {
    const at = slot + run + 1
    const entry = ops.ptepGetPresence(mm, at)
    if ((entry & VALID_OR_PROT_NONE) !== none || tables.pfn(at) !== pfn + run + 1) break
    run++
  }
  return run
}

/** What an entry's hardware bits tell the folio of a file page; true if its rmap removal must wait for the flush. */
function toFolio(section: ZapSection, pfn: number, cleared: number): boolean {
  const { folios, lru, kernel } = section.world
  if ((folios.word(pfn) & ANON) !== 0) return false
  const dirty = isDirty(cleared)
  if (dirty) {
    folios.setFlags(pfn, FOLIO_DIRTY)
    section.forceFlush = true
  }
  if ((cleared & AF) !== 0) lru.markAccessed(pfn)
  return dirty && kernel.delayedRmap
}

/** One page loses its mapping and waits to be freed. */
function dropPage(section: ZapSection, pfn: number, delayRmap: boolean): void {
  const { world, mm, gather, vmaFlags } = section
  dropResident(section, pfn, 1)
  if (!delayRmap) {
    removeRmapPtes(world, mm, pfn, 1)
    munlockUnmapped(world, vmaFlags, pfn)
  }
  if (gather.queue(pfn, 1, delayRmap)) {
    section.forceFlush = true
    section.full = true
  }
}

function dropResident({ world, mm }: ZapSection, pfn: number, nr: number): void {
  if ((world.folios.word(pfn) & ANON) !== 0) mm.anonPages -= nr
  else mm.filePages -= nr
  mm.count(RSS, 1)
}

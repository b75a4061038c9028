/** What the hot loop of zap counts, by design. Source: reference `teardown.md` section 6. */
import { AF, isDirty, isValidCont } from '../arch/descriptor'
import { COUNTER_INDEX } from '../trace/counters'
import { FN } from '../trace/functions'
import type { ZapSection } from './zap-present'

const READ = COUNTER_INDEX.read
const PLAIN_WRITE = COUNTER_INDEX.write
const XCHG = COUNTER_INDEX.xchg
const CAS = COUNTER_INDEX.cas
const UNFOLD = COUNTER_INDEX.unfold
const MAPCOUNT = COUNTER_INDEX.mapcount
const RSS = COUNTER_INDEX.rss
const ZAP_BATCH = COUNTER_INDEX.zapBatch

/**
 * Counts for `pages` pages in `folios` folios, whose entries from `slot` on all held `attr` and after
 * which `left` entries remain in the section. Issues the flushes that the design owes meanwhile.
 */
export function countZapped(
  section: ZapSection,
  slot: number,
  attr: number,
  pages: number,
  folios: number,
  left: number
): void {
  const { world, mm, gather } = section
  const { kernel, calls, geometry } = world
  const c = geometry.contPtes
  const blocks = pages / c
  mm.count(XCHG, pages)
  if (kernel.zap === 'batch-upstream') {
    countUpstream(section, slot, pages, folios, left)
    return
  }
  mm.count(RSS, pages)
  mm.count(MAPCOUNT, pages)
  calls[kernel.functionNames === 'linux-6.12' ? FN.folio_remove_rmap_ptes : FN.page_remove_rmap] += pages
  const runs = kernel.zap === 'clear-ptes-v3' || kernel.zap === 'flush-folio'
  mm.count(ZAP_BATCH, runs ? folios : pages)
  calls[FN.vm_normal_page] += runs ? folios : pages
  if (kernel.zap === 'plain') {
    mm.count(READ, pages)
    return
  }
  const full = gather.fullmm && (kernel.zap === 'full-v2' || kernel.zap === 'full-v2-robust')
  if (!runs && !full) {
    // D1: the first entry of a block converts it, the others are plain by then.
    mm.count(READ, blocks * 3 * c)
    calls[FN.contpte_ptep_get] += blocks
    countConverts(section, slot, blocks)
    return
  }
  mm.count(READ, pages * (1 + c))
  calls[FN.contpte_ptep_get] += pages
  if (kernel.zap === 'full-v2') mm.count(READ, pages)
  else if (kernel.zap === 'full-v2-robust') {
    mm.count(READ, pages * (1 + c))
    if ((attr & AF) !== 0 || isDirty(attr)) mm.count(CAS, pages - blocks)
  } else if (kernel.zap === 'flush-folio') flushFolios(section, slot, pages, folios)
}

/** D4: a folio is one batch; hints cover folded blocks. */
function countUpstream(
  { world, mm }: ZapSection,
  slot: number,
  pages: number,
  folios: number,
  left: number
): void {
  const { kernel, calls, geometry, tables } = world
  const c = geometry.contPtes
  let gets = pages / c
  if (!kernel.batchClipped) {
    // One entry past each folio is read, unless the section ends there.
    const lastFolded = left > 0 && isValidCont(tables.attr(slot + pages))
    gets += folios - (lastFolded ? 0 : 1)
    if (left > 0 && !lastFolded) mm.count(READ, 1)
  }
  mm.count(READ, gets * (1 + c))
  mm.count(RSS, folios)
  mm.count(ZAP_BATCH, folios)
  mm.count(MAPCOUNT, kernel.deferredSplit === 'partially-mapped' ? pages + folios : pages)
  calls[FN.vm_normal_page] += folios
  calls[FN.folio_pte_batch] += folios
  calls[FN.contpte_ptep_get] += gets
  calls[FN.contpte_clear_full_ptes] += folios
  calls[FN.contpte_try_unfold_partial] += folios
  calls[FN.folio_remove_rmap_ptes] += folios
}

/** The converts of D1, each with its flush. */
function countConverts({ world, mm }: ZapSection, slot: number, blocks: number): void {
  const { tables, tlbi, geometry, calls } = world
  const c = geometry.contPtes
  mm.count(UNFOLD, blocks)
  mm.count(XCHG, blocks * c)
  mm.count(PLAIN_WRITE, blocks * c)
  calls[FN.__contpte_try_unfold] += blocks
  calls[FN.contpte_convert] += blocks
  calls[FN.__flush_tlb_range_nosync] += blocks
  for (let block = 0; block < blocks; block++) tlbi.range(mm, tables.vpn(slot + block * c), c, 1, true)
}

/** D5: a flush of each folio. */
function flushFolios({ world, mm }: ZapSection, slot: number, pages: number, folios: number): void {
  const { tables, tlbi } = world
  const nr = pages / folios
  for (let at = slot; at < slot + pages; at += nr) tlbi.range(mm, tables.vpn(at), nr, 1, true)
}

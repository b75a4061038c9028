import {
  PROT_NONE,
  SPECIAL,
  UFFD_WP,
  VALID,
  WRITE,
  isDirty,
  isPresent,
  mkdirty,
  wrprotect
} from '../arch/descriptor'
import { FN } from '../trace/functions'
import { childEntry, copyPinnedPage } from './fork-copy'
import { addFolioRefs, dupRmapOneByOne } from './fork-rmap'
import type { CopySection } from './fork-section'

/** A run of entries as v3 sees it. */
interface Run {
  nr: number
  dirty: number
  writable: number
}

/**
 * The batched copy of v3 01/15 (4 Dec 2023), as the reviews of v2 agreed: references before mappings;
 * write and dirty bits may differ inside a batch and are counted. Private: with any writable entry all
 * are write-protected on both sides, with any dirty one the child's are dirty. Shared: where some are
 * writable and some are not, the child's are read-only, and the parent's stay.
 * Source: reference `fork.md` sections 3 (column V3), 4 and 5.
 */
export function copyBatchV3(
  section: CopySection,
  slot: number,
  childSlot: number,
  _entry: number,
  limit: number
): number {
  const { world, parent, child, cow, shared } = section
  const { ops, tables } = world
  const entry = ops.ptepGet(parent, slot)
  const pfn = tables.pfn(slot)
  world.calls[FN.vm_normal_page]++
  const run: Run = { nr: 1, dirty: isDirty(entry) ? 1 : 0, writable: (entry & WRITE) === 0 ? 0 : 1 }
  if ((entry & SPECIAL) === 0) {
    measure(section, slot, entry, pfn, limit, run)
    addFolioRefs(section, pfn, run.nr)
    const done = dupRmapOneByOne(section, pfn, run.nr)
    if (done < run.nr) addFolioRefs(section, pfn, done - run.nr)
    if (done === 0) return copyPinnedPage(section, slot, childSlot)
    run.nr = done
  }
  const protects = cow && run.writable > 0
  if (protects) ops.wrprotectPtes(parent, slot, run.nr)
  let template = entry
  if (shared && run.writable > 0 && run.writable < run.nr) template = wrprotect(template)
  if (!shared && run.dirty > 0) template = mkdirty(template)
  ops.setPtes(child, childSlot, pfn, childEntry(section, template, protects), run.nr)
  return run.nr
}

/** `folio_nr_pages_cont_mapped`: extends `run` over entries that continue the first one. */
function measure(
  section: CopySection,
  slot: number,
  entry: number,
  pfn: number,
  limit: number,
  run: Run
): void {
  const { world, parent, uffdWp } = section
  const { ops, tables, folios } = world
  const order = folios.order(pfn)
  if (order === 0) return
  const left = Math.min(limit, (1 << order) - (pfn & ((1 << order) - 1)))
  const compared = VALID | PROT_NONE | (uffdWp ? UFFD_WP : 0)
  for (; run.nr < left; run.nr++) {
    const next = ops.ptepGet(parent, slot + run.nr)
    if (!isPresent(next) || tables.pfn(slot + run.nr) !== pfn + run.nr) return
    if (((next ^ entry) & compared) !== 0) return
    if (isDirty(next)) run.dirty++
    if ((next & WRITE) !== 0) run.writable++
  }
}

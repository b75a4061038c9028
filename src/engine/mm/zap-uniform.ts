/**
 * The hot loop of zap: whole folios whose entries are all alike are cleared, unmapped and queued in one
 * pass over flat arrays, with the effect and the counts that going entry by entry has. Everything else
 * takes the long way, which also serves as the reference this file is tested against.
 *
 * Lanes are compared and stored two at a time: `PageTables.attrPairs` says why that is exact.
 */
import { CONT, PROT_NONE, SPECIAL, UFFD_WP, VALID } from '../arch/descriptor'
import { FN } from '../trace/functions'
import { VM } from '../trace/vmstat'
import type { World } from '../world'
import {
  ANON,
  FOLIO_CHUNK_MASK,
  FOLIO_CHUNK_SHIFT,
  FOLIO_DEFERRED,
  FOLIO_SWAPCACHE,
  MAPCOUNT_MASK,
  ORDER_SHIFT
} from './folio'
import { framesStep, LINE_REST } from './lines'
import { VM_LOCKED } from './mm'
import type { ZapSection } from './zap-present'
import { countZapped } from './zap-uniform-counts'

/** Whether the hot loop may stand in for `zapPresent` in this section at all: nobody looks on, no page is locked. */
export function mayZapUniform({ world, vmaFlags }: ZapSection): boolean {
  const { fastPaths, probe, kernel } = world
  if (!fastPaths || probe !== undefined || (vmaFlags & VM_LOCKED) !== 0) return false
  return (
    kernel.zap === 'batch-upstream' || (kernel.zap !== 'exposed' && kernel.deferredSplit === 'each-unmap')
  )
}

/**
 * Clears as many whole anonymous folios from `slot` on as are uniform: 2^order entries with one value,
 * frames in line from the folio's first page on, one page word, all inside `limit`; on a contpte kernel
 * all folded. Stops before the folio that would fill the gather. Answers how many entries it took, 0
 * for none; none of them has been read before.
 */
export function zapUniform(section: ZapSection, vpn: number, slot: number, limit: number): number {
  const { world, mm, gather } = section
  const { tables, folios, geometry, kernel } = world
  const start = slot & tables.chunkMask
  const attr = tables.attrs[slot >>> tables.chunkShift][start]
  const folds = kernel.pteOps !== 'absent'
  if ((attr & (VALID | PROT_NONE | SPECIAL | UFFD_WP | CONT)) !== (folds ? VALID | CONT : VALID)) return 0
  if (((slot & LINE_REST) | (folds ? slot & (geometry.contPtes - 1) : 0)) !== 0) return 0
  const pfns = tables.pfns[slot >>> tables.chunkShift]
  let taken = 0
  while (taken < limit) {
    const pfn = pfns[start + taken]
    const word = folios.word(pfn)
    const order = word >>> ORDER_SHIFT
    const nr = 1 << order
    if ((word & ANON) === 0 || (word & MAPCOUNT_MASK) === 0 || (pfn & (nr - 1)) !== 0) break
    if (nr <= LINE_REST || order >= geometry.pmdOrder || (folds && nr < geometry.contPtes)) break
    // Pages that one slot of the gather, or one pair of slots, stands for.
    const unit = kernel.zap === 'batch-upstream' ? nr : 1
    const room = (gather.room(Math.floor((limit - taken) / unit), unit) * unit) & -nr
    const pages = room === 0 ? 0 : clearAlike(world, slot + taken, room, attr, word)
    if (pages === 0) break
    if (kernel.deferredSplit === 'each-unmap' && (word & MAPCOUNT_MASK) === 1) {
      deferEach(world, pfn, pages, nr)
    }
    taken += pages
    if (kernel.zap !== 'flush-folio') gather.cleared(vpn + taken - pages, pages)
    gather.queueAlike(pfn, pages, unit)
    mm.anonPages -= pages
    countZapped(section, slot + taken - pages, attr, pages, pages / nr, limit - taken)
  }
  return taken
}

/**
 * Clears entries from `slot` on that hold `attr` and map frames in line, whose page words are all
 * `word`, and takes one mapping from each page; at most `limit` of them. Answers how many that were, in
 * whole folios.
 */
function clearAlike(world: World, slot: number, limit: number, attr: number, word: number): number {
  const { tables, folios } = world
  const chunk = slot >>> tables.chunkShift
  const index = slot & tables.chunkMask
  const pfns = tables.pfns[chunk]
  const pfn = pfns[index]
  const first = pfn & FOLIO_CHUNK_MASK
  const nr = 1 << (word >>> ORDER_SHIFT)
  const { states } = folios
  const most = states.alike(pfn, Math.min(limit, FOLIO_CHUNK_MASK + 1 - first) & -nr) & -nr
  const attrs = tables.attrPairs[chunk]
  const pfnPairs = tables.pfnPairs[chunk]
  const full = tables.pair(attr)
  // Of a folded block the first entry says for all of them that frames are in line.
  const folded = (attr & CONT) !== 0
  const step = framesStep(pfn)
  const start = index >>> 1
  const end = (index + most) >>> 1
  let at = start
  for (; at < end; at = (at + 8) | 0) {
    const entry = at << 1
    const frame = (pfn + entry - index) | 0
    if (pfns[entry] !== frame) break
    if (!folded) {
      const frames0 = pfnPairs[at]
      const frames1 = pfnPairs[at | 1]
      const frames2 = pfnPairs[at | 2]
      const frames3 = pfnPairs[at | 3]
      const frames4 = pfnPairs[at | 4]
      const frames5 = pfnPairs[at | 5]
      const frames6 = pfnPairs[at | 6]
      const frames7 = pfnPairs[at | 7]
      if (
        pfns[entry | 1] !== ((frame + 1) | 0) ||
        frames1 - frames0 !== step ||
        frames2 - frames1 !== step ||
        frames3 - frames2 !== step ||
        frames4 - frames3 !== step ||
        frames5 - frames4 !== step ||
        frames6 - frames5 !== step ||
        frames7 - frames6 !== step
      )
        break
    }
    if (
      attrs[at] !== full ||
      attrs[at | 1] !== full ||
      attrs[at | 2] !== full ||
      attrs[at | 3] !== full ||
      attrs[at | 4] !== full ||
      attrs[at | 5] !== full ||
      attrs[at | 6] !== full ||
      attrs[at | 7] !== full
    )
      break
    attrs[at] = 0
    attrs[at | 1] = 0
    attrs[at | 2] = 0
    attrs[at | 3] = 0
    attrs[at | 4] = 0
    attrs[at | 5] = 0
    attrs[at | 6] = 0
    attrs[at | 7] = 0
  }
  const taken = ((at - start) << 1) & -nr
  const over = at - start - (taken >> 1)
  if (over > 0) {
    // The last folio is not all alike: what was done to it is undone.
    attrs.fill(full, at - over, at)
  }
  pfns.fill(0, index, index + taken)
  states.fill(pfn, taken, states.table.withWord(states.at(pfn), word - 1))
  return taken
}

/**
 * `deferred_split_folio` of every page, as the last mapping of each went: `pages` pages in folios of `nr`
 * from `pfn` on. A folio that nobody else holds is freed with the gather, and leaves the list as it came: its
 * flags are not touched. Nobody looks at the list before.
 */
function deferEach(world: World, pfn: number, pages: number, nr: number): void {
  const { folios, calls, vm, kernel } = world
  calls[kernel.functionNames === 'linux-6.12' ? FN.deferred_split_folio : FN.deferred_split_huge_page] +=
    pages
  const chunk = pfn >>> FOLIO_CHUNK_SHIFT
  const refs = folios.largeRefs[chunk] as Int32Array
  const lane = folios.largeFlags[chunk]
  const first = pfn & FOLIO_CHUNK_MASK
  let fresh = 0
  let freed = 0
  for (let page = first; page < first + pages; page += nr) {
    if (lane !== undefined && (lane[page >> 2] & (FOLIO_SWAPCACHE | FOLIO_DEFERRED)) !== 0) continue
    fresh++
    if (refs[page >> 2] === nr) freed++
    else {
      folios.setFlags(pfn - first + page, FOLIO_DEFERRED)
      world.deferred.add(pfn - first + page)
    }
  }
  vm[VM.thp_deferred_split_page] += fresh
  if (kernel.functionNames !== 'linux-6.1') calls[FN.__folio_unqueue_deferred_split] += freed
}

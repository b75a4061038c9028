/**
 * swapoff: everything that was swapped out comes back, then the area is gone with its saved tags.
 * Source: Linux 6.1 and 6.12, mm/swapfile.c (`try_to_unuse`, `unuse_pte_range`, `unuse_pte`).
 */
import { AF, SWAP, SWAP_EXCLUSIVE, UFFD_WP, VALID } from '../arch/descriptor'
import { COUNTER_INDEX } from '../trace/counters'
import { FN } from '../trace/functions'
import type { World } from '../world'
import { countNewAnon, isModern, setFaultPtes } from './fault-anon'
import { FOLIO_NEVER_MAPPED } from './folio'
import type { Mm, Vma } from './mm'
import { pageProtection } from './protection'
import { addAnonRmapPtes } from './rmap'
import type { SwapArea } from './swap'
import { noteCacheHit, swapinReadahead } from './swap-readahead'
import { findSlot } from './walk'

const RSS = COUNTER_INDEX.rss

/**
 * `swapoff(2)`. Throws `ENOMEM` without memory for all that is swapped out: the area stays in use then,
 * and what came back stays where it is.
 */
export function swapoff(world: World): void {
  const area = world.swap
  if (area === undefined) return
  area.off = true
  try {
    for (const mm of world.mms) for (const vma of [...mm.vmas]) unuseVma(world, mm, vma, area)
  } catch (error) {
    area.off = false
    throw error
  }
  // What nobody names any more, but is still in the swap cache.
  for (const head of area.cached()) area.freeFolio(world.folios, head)
  world.mte?.invalidateArea()
  area.close()
  world.swap = undefined
}

function unuseVma(world: World, mm: Mm, vma: Vma, area: SwapArea): void {
  const { tables, geometry } = world
  for (let vpn = vma.start; vpn < vma.end;) {
    const next = Math.min(vpn - (vpn % geometry.tableEntries) + geometry.tableEntries, vma.end)
    const slot = findSlot(world, mm, vpn)
    for (let i = 0; slot !== 0 && i < next - vpn; i++) {
      if ((tables.attr(slot + i) & (SWAP | VALID)) === SWAP)
        unuseEntry(world, mm, vma, area, vpn + i, slot + i)
    }
    vpn = next
  }
}

/** `unuse_pte`: the page comes through the swap cache, mapped as it was shared, old and not writable. */
function unuseEntry(world: World, mm: Mm, vma: Vma, area: SwapArea, vpn: number, slot: number): void {
  const { folios, tables, calls } = world
  const entry = tables.attr(slot)
  const swap = tables.pfn(slot)
  const cached = area.cache[swap]
  let pfn: number
  if (cached !== 0) {
    noteCacheHit(world, vma, vpn, cached)
    folios.addRefs(cached, 1)
    pfn = cached + swap - area.slotOf(folios, cached)
  } else pfn = swapinReadahead(world, mm, vma, area, vpn)
  const head = folios.head(pfn)
  const index = pfn - head
  if (isModern(world)) calls[FN.arch_swap_restore]++
  world.mte?.swapRestore(head, 1 << folios.order(head), swap - index, index, index, 1)
  mm.swapEntries--
  mm.anonPages++
  mm.count(RSS, 2)
  addAnonRmapPtes(world, mm, pfn, 1, (entry & SWAP_EXCLUSIVE) !== 0 && world.kernel.anonExclusive)
  if ((folios.flags(pfn) & FOLIO_NEVER_MAPPED) !== 0) {
    folios.setFlags(pfn, 0, FOLIO_NEVER_MAPPED)
    countNewAnon(world, 0)
  } else calls[isModern(world) ? FN.folio_add_anon_rmap_ptes : FN.page_add_anon_rmap]++
  // The reference of the read becomes that of the mapping.
  setFaultPtes(world, mm, slot, pfn, (pageProtection(vma.flags) & ~AF) | (entry & UFFD_WP), 1)
  area.drop(swap)
  area.freeFolio(folios, pfn)
  world.probe?.('swapoff: page mapped', pfn)
}

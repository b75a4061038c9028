/** What MADV_FREE, COLD and PAGEOUT share: the walk over tables, and the split of a folio on the way. */
import { FN } from '../trace/functions'
import type { World } from '../world'
import type { Mm, Vma } from './mm'
import type { RangeFlush } from './range-flush'
import { splitFolio } from './split'
import { findPmd } from './walk'

/** The part of one table that is advised. */
export interface TableAdvice {
  readonly world: World
  readonly mm: Mm
  readonly vma: Vma
  /** Slot of the PMD-level entry. */
  readonly pmd: number
  readonly start: number
  readonly end: number
  readonly flush: RangeFlush
}

/** `walk_page_range` with a PMD callback: visits what each PMD-level entry that is not empty covers. */
export function walkTables(
  world: World,
  mm: Mm,
  start: number,
  end: number,
  visit: (pmd: number, start: number, end: number) => void
): void {
  const entries = world.geometry.tableEntries
  for (let vpn = start; vpn < end;) {
    const next = Math.min(vpn - (vpn % entries) + entries, end)
    const pmd = findPmd(world, mm, vpn)
    if (pmd !== 0 && world.tables.attr(pmd) !== 0) visit(pmd, vpn, next)
    vpn = next
  }
}

/**
 * `split_folio` of the folio mapped at page `vpn`, on which the walk holds a reference. `from` says which
 * caller: what the compiler left as functions of their own differs (6.12).
 */
export function splitForAdvice(
  { world, mm }: Pick<TableAdvice, 'world' | 'mm'>,
  pfn: number,
  vpn: number,
  from: 'free-leaf' | 'cold-leaf' | 'entries'
): boolean {
  const { folios, calls, kernel } = world
  if (kernel.functionNames === 'linux-6.12') {
    if (from !== 'free-leaf') calls[FN.split_folio_to_list]++
    if (from !== 'entries') calls[FN.folio_put]++
  }
  folios.addRefs(pfn, 1)
  const split = splitFolio(world, pfn, 1, { mm, vpn })
  folios.put(pfn)
  return split
}

/**
 * What the tables of all address spaces say, counted once for every rule that compares with it.
 */
import { MIGRATION, SPECIAL, SWAP, VALID, isPresent } from '../arch/descriptor'
import { isBlockEntry } from '../contpte/exposed'
import { ANON, HUGETLB, IN_USE } from '../mm/folio'
import type { Mm } from '../mm/mm'
import type { World } from '../world'
import { walkTables } from './violation'

/** Counts of one address space. */
export interface MmCensus {
  readonly mm: Mm
  /** Pages mapped that count as resident, by whose they are. */
  anon: number
  file: number
  swap: number
  /** Pages mapped by entries of HugeTLB pages. */
  hugetlb: number
  /** Tables reached from the root, itself included. */
  tables: number
  /** PMD leaves, those of the huge page of zeroes too, but of no HugeTLB page: each has a table kept back. */
  leaves: number
}

/** Counts of a world. */
export interface Census {
  readonly mms: readonly MmCensus[]
  /** Entries that map each page one by one, by frame. */
  readonly pages: ReadonlyMap<number, number>
  /** Leaves (and OnePlus blocks) that map each folio as a whole, by first frame. */
  readonly entire: ReadonlyMap<number, number>
}

/** Looks at every entry of every table. */
export function takeCensus(world: World): Census {
  const pages = new Map<number, number>()
  const entire = new Map<number, number>()
  return { mms: world.mms.map((mm) => countMm(world, mm, pages, entire)), pages, entire }
}

function countMm(world: World, mm: Mm, pages: Map<number, number>, entire: Map<number, number>): MmCensus {
  const { tables, geometry, folios } = world
  const census: MmCensus = { mm, anon: 0, file: 0, swap: 0, hugetlb: 0, tables: 0, leaves: 0 }
  const blocks = world.kernel.pteOps === 'exposed'
  const resident = (pfn: number, nr: number) => {
    if ((folios.word(pfn) & ANON) !== 0) census.anon += nr
    else census.file += nr
  }
  // A HugeTLB page is mapped as a whole, once by all of its entries.
  const hugetlb = (pfn: number, nr: number) => {
    census.hugetlb += nr
    if (folios.head(pfn) === pfn) entire.set(pfn, (entire.get(pfn) ?? 0) + 1)
  }
  walkTables(world, mm, {
    upper: () => census.tables++,
    table: (slot) => {
      census.tables++
      for (let at = slot; at < slot + geometry.tableEntries; at++) {
        const attr = tables.attr(at)
        if ((attr & (VALID | SWAP)) === SWAP) census.swap++
        // A page on its way stays resident, though nothing maps it.
        if ((attr & (VALID | MIGRATION)) === MIGRATION) resident(tables.pfn(at), 1)
        if (!isPresent(attr) || (attr & SPECIAL) !== 0) continue
        const pfn = tables.pfn(at)
        if ((folios.word(pfn) & HUGETLB) !== 0) {
          hugetlb(pfn, 1)
          continue
        }
        // A block of the huge zero page: no folio.
        if (blocks && folios.word(pfn) === 0 && isBlockEntry(attr)) continue
        resident(pfn, 1)
        if (!blocks || !isBlockEntry(attr)) pages.set(pfn, (pages.get(pfn) ?? 0) + 1)
        else if ((at & (geometry.contPtes - 1)) === 0) entire.set(pfn, (entire.get(pfn) ?? 0) + 1)
      }
    },
    leaf: (slot, _vpn, leafPages) => {
      const pfn = tables.pfn(slot)
      if ((folios.word(pfn) & HUGETLB) !== 0) {
        hugetlb(pfn, leafPages)
        return
      }
      census.leaves++
      if (folios.word(pfn) === 0) return
      resident(pfn, geometry.tableEntries)
      entire.set(pfn, (entire.get(pfn) ?? 0) + 1)
    }
  })
  return census
}

/** Calls `visit` for the pages of every folio that somebody holds. */
export function forEachPage(world: World, visit: (pfn: number) => void): void {
  world.folios.states.forEach((pfn, word) => {
    if ((word & IN_USE) !== 0) visit(pfn)
  })
}

import { ANON, FOLIO_PARTIALLY_MAPPED, HUGETLB, IN_USE, ORDER_SHIFT } from '../mm/folio'
import type { World } from '../world'
import { forEachEntry, pageName, type Check, type Violation } from './violation'

/** The resident set of every mm equals its tables, and no entry lies outside its VMAs. */
export const checkResident: Check = (world, census) => {
  for (const { mm, anon, file, swap, hugetlb, leaves } of census.mms) {
    const wrong =
      differ(mm.anonPages, anon, 'anonymous pages') ??
      differ(mm.filePages, file, 'file pages') ??
      differ(mm.swapEntries, swap, 'swap entries') ??
      differ(mm.hugetlbPages, hugetlb, 'pages of HugeTLB pages') ??
      differ(mm.deposited, leaves, 'tables kept back for PMD leaves')
    if (wrong !== undefined) return { rule: 'resident-set', object: `mm ${mm.pid}`, found: wrong }
  }
  let violation: Violation | undefined
  for (const mm of world.mms) {
    forEachEntry(world, mm, (vpn, _attr, _pfn, pages) => {
      const vma = mm.vmaAt(vpn)
      if (violation !== undefined || (vma !== undefined && vpn + pages <= vma.end)) return
      violation = {
        rule: 'entry-outside-vma',
        object: pageName(world, mm, vpn),
        found:
          vma === undefined ? 'an entry without a VMA' : `an entry of ${pages} pages across its VMA's end`
      }
    })
  }
  return violation
}

function differ(accounted: number, found: number, what: string): string | undefined {
  return accounted === found ? undefined : `${accounted} ${what} accounted, ${found} found`
}

/** VMAs are sorted, not empty and do not overlap. */
export const checkVmas: Check = (world) => {
  for (const mm of world.mms) {
    for (const [i, vma] of mm.vmas.entries()) {
      if (vma.start < vma.end && (i === 0 || mm.vmas[i - 1].end <= vma.start)) continue
      return {
        rule: 'vma-order',
        object: `mm ${mm.pid}, VMA ${i}`,
        found: `pages ${vma.start} to ${vma.end}`
      }
    }
  }
  return undefined
}

/** Every page is free, in a folio, or with others, and every table in use belongs to one mm. */
export const checkMemory: Check = (world, census) => {
  const { buddy } = world.folios
  let held = world.compaction.others
  const sizes = new Array<number>(world.folios.live.length).fill(0)
  const anon = new Array<number>(world.folios.live.length).fill(0)
  const partially = new Array<number>(world.folios.live.length).fill(0)
  world.folios.states.forEach((pfn, word) => {
    if ((word & IN_USE) === 0) return
    held++
    const order = word >>> ORDER_SHIFT
    // Of each folio its first page.
    if (pfn % 2 ** order !== 0) return
    sizes[order]++
    if ((word & (ANON | HUGETLB)) !== ANON) return
    anon[order]++
    if ((world.folios.flags(pfn) & FOLIO_PARTIALLY_MAPPED) !== 0) partially[order]++
  })
  const wrong = sizeViolation(world, sizes, anon, partially)
  if (wrong !== undefined) return wrong
  if (world.hugeZeroPfn >= 0) held += world.geometry.tableEntries
  const usable = buddy.pages - 2 ** buddy.maxOrder
  held += world.hugetlb.vmemmap.held
  if (buddy.freePages + held !== usable) {
    return {
      rule: 'page-accounting',
      object: 'memory',
      found: `${buddy.freePages} free + ${held} held of ${usable} pages`
    }
  }
  const reachable = census.mms.reduce((sum, { tables }) => sum + tables, 0)
  if (reachable === world.tables.state[2]) return undefined
  return {
    rule: 'table-accounting',
    object: 'page tables',
    found: `${world.tables.state[2]} in use, ${reachable} reachable`
  }
}

/** Folios of each size as accounted, and as `stats/nr_anon` and `stats/nr_anon_partially_mapped` say. */
function sizeViolation(
  { folios, thpStats }: World,
  sizes: readonly number[],
  anon: readonly number[],
  partially: readonly number[]
): Violation | undefined {
  for (const [order, count] of sizes.entries()) {
    const gauged = order > 0 && order <= thpStats.pmdOrder && thpStats.perSize
    const found =
      differ(folios.live[order], count, 'folios') ??
      (gauged
        ? (differ(thpStats.get(order, 'nr_anon'), anon[order], 'in nr_anon') ??
          differ(thpStats.get(order, 'nr_anon_partially_mapped'), partially[order], 'mapped in part'))
        : undefined)
    if (found !== undefined) return { rule: 'size-accounting', object: `folios of order ${order}`, found }
  }
  return undefined
}

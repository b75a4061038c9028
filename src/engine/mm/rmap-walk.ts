/**
 * Where an anonymous folio is mapped: the VMAs linked to its anon_vma, as `rmap_walk_anon` visits them.
 * Nobody keeps the folio's index; it follows from one place where it is found mapped.
 * Source: linux-6.1 and linux-6.12 mm/rmap.c, mm/interval_tree.c.
 */
import { MIGRATION, SPECIAL, isPmdLeaf, isPresent } from '../arch/descriptor'
import type { World } from '../world'
import type { Mm, Vma } from './mm'
import { findPmd, findSlot } from './walk'

/** A page of an address space. */
export interface Address {
  readonly mm: Mm
  readonly vpn: number
}

/** The part of a folio that one VMA covers, mapped or not. */
export interface FolioPlace {
  readonly mm: Mm
  readonly vma: Vma
  /** First page of the folio that the VMA covers, how many, and where that page would be mapped. */
  readonly first: number
  readonly nr: number
  readonly vpn: number
}

/**
 * The VMAs a walk over the folio of `nr` pages from `head` on visits, in the order of the anon_vma's
 * tree: by offset, then by age. `near` is a page that maps one of its pages; without it all tables are
 * searched. None where nothing maps it.
 */
export function folioPlaces(world: World, head: number, nr: number, near?: Address): FolioPlace[] {
  const found = near ?? findMapping(world, head, nr)
  const seen = found?.mm.vmaAt(found.vpn)
  if (found === undefined || seen === undefined) return []
  const page = frameAt(world, found) - head
  const index = seen.pgoff + (found.vpn - seen.start) - page
  const owner = world.folios.anonVma(head) || rootOf(world, seen.anonVma)
  const places: FolioPlace[] = []
  for (const mm of world.mms) {
    for (const vma of mm.vmas) {
      if (vma.file !== undefined || !isLinked(world, vma.anonVma, owner)) continue
      const from = Math.max(vma.pgoff, index)
      const to = Math.min(vma.pgoff + (vma.end - vma.start), index + nr)
      if (from >= to) continue
      places.push({ mm, vma, first: from - index, nr: to - from, vpn: vma.start + (from - vma.pgoff) })
    }
  }
  // Stable: what is as old stays in order of birth.
  return places.sort((a, b) => a.vma.pgoff - b.vma.pgoff)
}

/** A page that maps one of the `nr` frames from `head` on, present or while it migrates. */
export function findMapping(world: World, head: number, nr: number): Address | undefined {
  for (const mm of world.mms) {
    for (const vma of mm.vmas) {
      const vpn = vma.file === undefined ? searchVma(world, mm, vma, head, nr) : -1
      if (vpn >= 0) return { mm, vpn }
    }
  }
  return undefined
}

/**
 * A page that maps each of the folios, for many at once: one walk over all tables, leaves passed over.
 * `heads` are first frames.
 */
export function addressesOf(world: World, heads: ReadonlySet<number>): Map<number, Address> {
  const { tables, geometry, folios } = world
  const found = new Map<number, Address>()
  const entries = geometry.tableEntries
  for (const mm of world.mms) {
    for (const vma of mm.vmas) {
      for (let vpn = vma.start; vma.file === undefined && vpn < vma.end;) {
        const next = Math.min(vpn - (vpn % entries) + entries, vma.end)
        const slot = findSlot(world, mm, vpn)
        for (let i = 0; slot !== 0 && i < next - vpn; i++) {
          if (!isOfFolio(tables.attr(slot + i))) continue
          const head = folios.head(tables.pfn(slot + i))
          if (heads.has(head) && !found.has(head)) found.set(head, { mm, vpn: vpn + i })
        }
        if (found.size === heads.size) return found
        vpn = next
      }
    }
  }
  return found
}

function searchVma(world: World, mm: Mm, vma: Vma, head: number, nr: number): number {
  const { tables, geometry } = world
  const entries = geometry.tableEntries
  for (let vpn = vma.start; vpn < vma.end;) {
    const next = Math.min(vpn - (vpn % entries) + entries, vma.end)
    const pmd = findPmd(world, mm, vpn)
    const leaf = pmd !== 0 && isPmdLeaf(tables.attr(pmd))
    if (leaf && tables.pfn(pmd) === head) return vpn
    const slot = leaf ? 0 : findSlot(world, mm, vpn)
    for (let i = 0; slot !== 0 && i < next - vpn; i++) {
      const attr = tables.attr(slot + i)
      const page = tables.pfn(slot + i) - head
      if (page >= 0 && page < nr && isOfFolio(attr)) return vpn + i
    }
    vpn = next
  }
  return -1
}

/** Whether an entry maps the page of its frame, or stands for it while it migrates. */
function isOfFolio(attr: number): boolean {
  return isPresent(attr) ? (attr & SPECIAL) === 0 : (attr & MIGRATION) !== 0
}

function frameAt(world: World, { mm, vpn }: Address): number {
  const { tables, geometry } = world
  const pmd = findPmd(world, mm, vpn)
  if (isPmdLeaf(tables.attr(pmd))) return tables.pfn(pmd) + (vpn % geometry.tableEntries)
  return tables.pfn(findSlot(world, mm, vpn))
}

/** The oldest anon_vma that `anonVma` descends from. */
function rootOf(world: World, anonVma: number): number {
  let at = anonVma
  while ((world.anonVmaParents[at] ?? 0) !== 0) at = world.anonVmaParents[at]
  return at
}

/** Whether a VMA with `anonVma` hangs on `owner`: its own, or one that fork copied the link to. */
function isLinked(world: World, anonVma: number, owner: number): boolean {
  let at = anonVma
  while (at !== 0 && at !== owner) at = world.anonVmaParents[at] ?? 0
  return at !== 0
}

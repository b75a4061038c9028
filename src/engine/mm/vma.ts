/**
 * Cutting and merging VMAs, with the anon_vmas that decide whether neighbours may become one.
 * Source: Linux 6.12 mm/vma.c (`vma_modify`, `vma_merge_new_range`, `vma_merge_existing_range`,
 * `__split_vma`), Linux 6.1 mm/mmap.c (`vma_merge`, `__vma_adjust`): one set of rules, two codings.
 */
import { isHugetlb, maySplitHuge, splitHuge } from '../hugetlb/vma'
import { FN } from '../trace/functions'
import type { World } from '../world'
import { splitBlockAcross } from './exposed/split'
import { khugepagedEnterVma } from './khugepaged'
import { VM_ACCESS, VM_DONTEXPAND, type MappedFile, type Mm, type Vma } from './mm'
import { splitPmdAddress } from './split-address'

/** A range that may join a neighbour: what a VMA there would be like. */
interface Joining {
  readonly start: number
  readonly end: number
  readonly flags: number
  readonly pgoff: number
  readonly anonVma: number
  readonly file: MappedFile | undefined
}

/** Only its own anon_vma hangs on the VMA: not a copy that fork made. */
function singular(vma: Vma): boolean {
  return vma.anonVma !== 0 && vma.inherited === 0
}

/**
 * Whether a range with `anonVma` may join `vma`: the same anon_vma, or one of the two has none and
 * the VMA's is singular. (A faulted range does not join a neighbour without an anon_vma.)
 */
function anonJoins(anonVma: number, vma: Vma): boolean {
  return ((anonVma === 0 || vma.anonVma === 0) && singular(vma)) || anonVma === vma.anonVma
}

function joinsLeft(prev: Vma | undefined, range: Joining): prev is Vma {
  return (
    prev !== undefined &&
    (range.flags & VM_DONTEXPAND) === 0 &&
    prev.end === range.start &&
    prev.flags === range.flags &&
    prev.file === range.file &&
    anonJoins(range.anonVma, prev) &&
    prev.pgoff + (prev.end - prev.start) === range.pgoff
  )
}

function joinsRight(next: Vma | undefined, range: Joining): next is Vma {
  return (
    next !== undefined &&
    (range.flags & VM_DONTEXPAND) === 0 &&
    next.start === range.end &&
    next.flags === range.flags &&
    next.file === range.file &&
    anonJoins(range.anonVma, next) &&
    range.pgoff + (range.end - range.start) === next.pgoff
  )
}

/** `are_anon_vmas_compatible`: both neighbours of a range may become one VMA. */
function bothJoin(prev: Vma, next: Vma): boolean {
  return prev.anonVma === 0 || next.anonVma === 0 || prev.anonVma === next.anonVma
}

/** The VMA that grows takes over the anon_vma of what it swallows, if it has none. */
function duplicateAnonVma(world: World, into: Vma, from: Vma): void {
  if (from.anonVma === 0 || into.anonVma !== 0) return
  into.anonVma = from.anonVma
  into.inherited = from.inherited
  world.calls[FN.anon_vma_clone]++
}

/**
 * A VMA is about to begin or end at `vpn`, inside `vma`: a PMD leaf across that border is split
 * (`vma_adjust_trans_huge`), and so is a OnePlus block.
 */
function splitLeafAcross(world: World, mm: Mm, vma: Vma, vpn: number): void {
  const nr = 2 ** world.geometry.pmdOrder
  const first = vpn - (vpn % nr)
  if (first !== vpn && first >= vma.start && first + nr <= vma.end) splitPmdAddress(world, mm, vpn)
  splitBlockAcross(world, mm, vma, vpn)
}

/**
 * `split_vma` where `vpn` lies inside a VMA; nothing where it does not. Entries do not notice,
 * folded blocks least of all; only a PMD leaf across the cut is split. `EINVAL` inside a HugeTLB page.
 */
export function splitVmaAt(world: World, mm: Mm, vpn: number): void {
  const index = mm.vmaIndex(vpn)
  if (index === mm.vmas.length || mm.vmas[index].start >= vpn) return
  const vma = mm.vmas[index]
  maySplitHuge(world, vma, vpn)
  world.calls[FN.anon_vma_clone]++
  if (isHugetlb(vma)) splitHuge(world, vma)
  else splitLeafAcross(world, mm, vma, vpn)
  mm.vmas.splice(index + 1, 0, { ...vma, start: vpn, pgoff: vma.pgoff + (vpn - vma.start) })
  vma.end = vpn
  mm.vmasChanged()
}

/**
 * Tries to let neighbours grow over `range`, where no VMA is (`vma_merge_new_range`): answers the VMA
 * that holds it then.
 */
export function mergeNewRange(world: World, mm: Mm, range: Joining): Vma | undefined {
  const index = mm.vmaIndex(range.start)
  const prev = index === 0 ? undefined : mm.vmas[index - 1]
  const next = index === mm.vmas.length ? undefined : mm.vmas[index]
  const left = joinsLeft(prev, range)
  const right = joinsRight(next, range) && (!left || bothJoin(prev, next))
  if (left) {
    prev.end = range.end
    if (right) {
      duplicateAnonVma(world, prev, next)
      prev.end = next.end
      mm.removeVma(next)
    } else mm.vmasChanged()
    khugepagedEnterVma(world, mm, prev, range.flags)
    return prev
  }
  if (!right) return undefined
  next.start = range.start
  next.pgoff = range.pgoff
  mm.vmasChanged()
  khugepagedEnterVma(world, mm, next, range.flags)
  return next
}

/** Maps `vma` where nothing is: a neighbour grows, or it becomes one itself. Answers which. */
export function addVma(world: World, mm: Mm, vma: Vma): Vma {
  const merged = mergeNewRange(world, mm, { ...vma, file: vma.file })
  if (merged !== undefined) return merged
  mm.insertVma(vma)
  khugepagedEnterVma(world, mm, vma, vma.flags)
  return vma
}

/**
 * Gives `[start, end)`, which lies inside `vma`, new flags (`vma_modify`): merges it with neighbours
 * that have them, else cuts it out. Answers the VMA that holds it, whose flags are set.
 */
export function modifyVma(world: World, mm: Mm, vma: Vma, start: number, end: number, flags: number): Vma {
  const merged = mergeExisting(world, mm, vma, start, end, flags)
  if (merged !== undefined) return merged
  splitVmaAt(world, mm, start)
  splitVmaAt(world, mm, end)
  const cut = mm.vmas[mm.vmaIndex(start)]
  cut.flags = flags
  mm.vmasChanged()
  return cut
}

/** `vma_merge_existing_range`: the part of `vma` that changes touches one of its ends. */
function mergeExisting(
  world: World,
  mm: Mm,
  vma: Vma,
  start: number,
  end: number,
  flags: number
): Vma | undefined {
  const index = mm.vmas.indexOf(vma)
  const whole = start === vma.start && end === vma.end
  const prev = start === vma.start && index > 0 ? mm.vmas[index - 1] : undefined
  const next = end === vma.end && index + 1 < mm.vmas.length ? mm.vmas[index + 1] : undefined
  const pgoff = vma.pgoff + (start - vma.start)
  const range: Joining = { start, end, flags, pgoff, anonVma: vma.anonVma, file: vma.file }
  const left = joinsLeft(prev, range)
  const right = joinsRight(next, range) && (!left || bothJoin(prev, next))
  if (left) {
    duplicateAnonVma(world, prev, right && next.anonVma !== 0 ? next : vma)
    mm.vmasChanged()
    if (!whole) splitLeafAcross(world, mm, vma, end)
    prev.end = right ? next.end : end
    vma.start = end
    vma.pgoff += end - start
    if (whole) mm.removeVma(vma)
    if (right) mm.removeVma(next)
    mm.vmasChanged()
    khugepagedEnterVma(world, mm, prev, flags)
    return prev
  }
  if (!right) return undefined
  duplicateAnonVma(world, next, vma)
  mm.vmasChanged()
  if (!whole) splitLeafAcross(world, mm, vma, start)
  next.start = start
  next.pgoff = pgoff
  vma.end = start
  if (whole) mm.removeVma(vma)
  mm.vmasChanged()
  khugepagedEnterVma(world, mm, next, flags)
  return next
}

/**
 * `__anon_vma_prepare`: the VMA's first anonymous page is about to be mapped. It shares the anon_vma
 * of a neighbour it might merge with one day, else it gets one of its own.
 */
export function prepareAnonVma(world: World, mm: Mm, vma: Vma): void {
  if (vma.anonVma !== 0) return
  world.calls[FN.__anon_vma_prepare]++
  const index = mm.vmas.indexOf(vma)
  const next = index + 1 < mm.vmas.length ? mm.vmas[index + 1] : undefined
  const prev = index > 0 ? mm.vmas[index - 1] : undefined
  if (next !== undefined && singular(next) && runsOn(vma, next)) vma.anonVma = next.anonVma
  else if (prev !== undefined && singular(prev) && runsOn(prev, vma)) vma.anonVma = prev.anonVma
  else vma.anonVma = ++world.anonVmas
  mm.vmasChanged()
}

/** `anon_vma_compatible`: neighbours that differ in nothing but what mprotect changes. */
function runsOn(left: Vma, right: Vma): boolean {
  return (
    left.end === right.start &&
    left.file === right.file &&
    ((left.flags ^ right.flags) & ~VM_ACCESS) === 0 &&
    right.pgoff === left.pgoff + (right.start - left.start)
  )
}

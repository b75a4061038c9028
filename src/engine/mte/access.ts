/**
 * What a program does with tags: STG and LDG, and the check of every load and store.
 * Source: Arm ARM (FEAT_MTE2, FEAT_MTE_ASYNC); Linux Documentation/arch/arm64/memory-tagging-extension.
 */
import { EngineError } from '../error'
import type { World } from '../world'
import { VM_MTE, type Mm } from '../mm/mm'

/** Whether the page is mapped with PROT_MTE: else it has no tags, and nothing is checked. */
export function isTaggedMapping(mm: Mm, vpn: number): boolean {
  return ((mm.vmaAt(vpn)?.flags ?? 0) & VM_MTE) !== 0
}

/**
 * Compares the tag of the pointer with that of the granule, once the access is allowed otherwise: a page
 * that must be copied first has been. Throws `tag-fault` where checks are synchronous; asynchronous
 * ones are remembered until the kernel is entered.
 */
export function checkTag(
  world: World,
  mm: Mm,
  vpn: number,
  pfn: number,
  granule: number,
  pointerTag: number
): void {
  const { mte, geometry } = world
  if (mte === undefined || mm.tagCheck === 'none' || !isTaggedMapping(mm, vpn)) return
  const tag = mte.memory.get(pfn, granule)
  if (tag === pointerTag) return
  if (mm.tagCheck === 'async') {
    mm.tagFault = true
    return
  }
  const address = (vpn * geometry.pageSize + granule * 16).toString(16)
  throw new EngineError(
    'tag-fault',
    `Tag check fault at 0x${address}: the pointer has tag ${pointerTag.toString(16)}, the memory ${tag.toString(16)}.`
  )
}

/** STG: tags granules `[first, first + nr)` of the page at `pfn`; nothing where the mapping has no tags. */
export function storeTags(
  world: World,
  mm: Mm,
  vpn: number,
  pfn: number,
  tag: number,
  first = 0,
  nr = Infinity
): void {
  const { mte } = world
  if (mte === undefined || !isTaggedMapping(mm, vpn)) return
  const { memory } = mte
  if (first === 0 && nr >= memory.granules) memory.fill(pfn, tag)
  else memory.setRun(pfn, first, Math.min(first + nr, memory.granules), tag)
}

/** LDG of granules `[first, first + nr)` of the page at `pfn`: the set of their tags, one bit each. */
export function loadTags(world: World, mm: Mm, vpn: number, pfn: number, first = 0, nr = Infinity): number {
  const { mte } = world
  if (mte === undefined || !isTaggedMapping(mm, vpn)) return 1
  let seen = 0
  const end = Math.min(first + nr, mte.memory.granules)
  for (let i = first; i < end; i++) seen |= 1 << mte.memory.get(pfn, i)
  return seen
}

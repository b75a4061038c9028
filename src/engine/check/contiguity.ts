import { CONT, VALID, isPresent, isValidCont, normalise } from '../arch/descriptor'
import type { World } from '../world'
import { forEachTable, pageName, type Check, type Violation } from './violation'

/**
 * No misprogrammed block: where one entry is valid with the contiguous bit, all entries of its block
 * are, with equal attributes up to AF, dirty and read-only, and one line of frames that starts at a
 * block boundary, all in one folio. This is what the layer keeps between operations: reference
 * `contpte.md` section 2, I1. What hardware minds, `misprogrammed` says.
 */
export const checkContiguity: Check = (world) => {
  const { tables, geometry } = world
  const c = geometry.contPtes
  let violation: Violation | undefined
  for (const mm of world.mms) {
    forEachTable(world, mm, (table, vpn) => {
      for (let block = table; violation === undefined && block < table + geometry.tableEntries; block += c) {
        const wrong = inconsistent(world, block)
        if (wrong < 0) continue
        const valid = (tables.attr(block + wrong) & VALID) !== 0
        violation = {
          rule: 'block-consistent',
          object: pageName(world, mm, vpn + (block - table) + wrong),
          found: describe(world, block, wrong, valid)
        }
      }
    })
  }
  return violation
}

function describe(world: World, block: number, wrong: number, valid: boolean): string {
  const { tables, geometry } = world
  let folded = 0
  for (let i = 0; i < geometry.contPtes; i++) if (isValidCont(tables.attr(block + i))) folded++
  if (wrong === 0 && folded === geometry.contPtes)
    return `the block starts at frame ${tables.pfn(block)}, which is not aligned`
  return `${folded} of ${geometry.contPtes} entries are folded; this one is ${valid ? 'different' : 'invalid'}`
}

/** Index in the block that begins at slot `block` of the first entry that breaks I1, or -1. */
export function inconsistent(
  world: Pick<World, 'tables' | 'folios' | 'geometry'> & { readonly kernel: Pick<World['kernel'], 'pteOps'> },
  block: number
): number {
  const { tables, folios, geometry } = world
  const attrs = tables.attrs[block >>> tables.chunkShift]
  const pfns = tables.pfns[block >>> tables.chunkShift]
  const first = block & tables.chunkMask
  const c = geometry.contPtes
  let any = 0
  for (let at = first; at < first + c; at++) any |= attrs[at]
  if ((any & CONT) === 0) return -1
  const attr = normalise(attrs[first])
  const base = pfns[first]
  for (let i = 0; i < c; i++) {
    if ((attrs[first + i] & CONT) === 0 || !isPresent(attrs[first + i])) return i
    if (normalise(attrs[first + i]) !== attr || pfns[first + i] !== base + i) return i
  }
  if ((base & (c - 1)) !== 0) return 0
  // OnePlus maps the huge zero page by blocks: frames of no folio.
  if (world.kernel.pteOps === 'exposed' && folios.word(base) === 0) return -1
  // Frames in line are one folio if the folio of the first reaches the last.
  return folios.head(base) === folios.head(base + c - 1) ? -1 : c - 1
}

/**
 * Whether hardware may call the block misprogrammed: two valid entries disagree on the contiguous bit,
 * or have it and differ in attributes or are not in one line of frames. Entries that are not valid do
 * not count (Ryan Roberts, 28 Nov 2023). Must never be so, not even between two stores.
 */
export function misprogrammed(world: Pick<World, 'tables' | 'geometry'>, block: number): boolean {
  const { tables, geometry } = world
  const attrs = tables.attrs[block >>> tables.chunkShift]
  const pfns = tables.pfns[block >>> tables.chunkShift]
  const first = block & tables.chunkMask
  let seen = -1
  let contiguous = false
  let plain = false
  for (let i = 0; i < geometry.contPtes; i++) {
    const attr = attrs[first + i]
    if ((attr & VALID) === 0) continue
    if ((attr & CONT) === 0) {
      plain = true
      continue
    }
    contiguous = true
    if (seen < 0) seen = i
    const inLine = pfns[first + i] - i === pfns[first + seen] - seen
    if (!inLine || normalise(attr) !== normalise(attrs[first + seen])) return true
  }
  if (!contiguous) return false
  return plain || ((pfns[first + seen] - seen) & (geometry.contPtes - 1)) !== 0
}

import { CONT, isValidCont, normalise, VALID } from '../arch/descriptor'
import { forEachTable, pageName, type Check, type Violation } from './violation'

/**
 * No misprogrammed block: where one entry is valid with the contiguous bit, all entries of its block
 * are, with equal attributes up to AF, dirty and read-only, and one line of frames that starts at a
 * block boundary, all in one folio. Source: reference `contpte.md` section 2, I1.
 */
export const checkContiguity: Check = (world) => {
  const { tables, folios, geometry } = world
  const c = geometry.contPtes
  let violation: Violation | undefined
  for (const mm of world.mms) {
    forEachTable(world, mm, (table, vpn) => {
      for (let block = table; block < table + geometry.tableEntries; block += c) {
        const slots = Array.from({ length: c }, (_, i) => block + i)
        const folded = slots.filter((slot) => isValidCont(tables.attr(slot)))
        if (folded.length === 0) {
          const stray = slots.find((slot) => (tables.attr(slot) & CONT) !== 0)
          if (stray === undefined) continue
        }
        const first = tables.attr(block)
        const base = tables.pfn(block)
        const wrong = slots.find(
          (slot) =>
            !isValidCont(tables.attr(slot)) ||
            normalise(tables.attr(slot)) !== normalise(first) ||
            tables.pfn(slot) !== base + (slot - block) ||
            folios.head(tables.pfn(slot)) !== folios.head(base)
        )
        if (wrong === undefined && base % c === 0) continue
        const at = wrong ?? block
        violation ??= {
          rule: 'block-consistent',
          object: pageName(world, mm, vpn + (at - table)),
          found:
            wrong === undefined
              ? `the block starts at frame ${base}, which is not aligned`
              : `${folded.length} of ${c} entries are folded; this one is ${(tables.attr(at) & VALID) === 0 ? 'invalid' : 'different'}`
        }
      }
    })
  }
  return violation
}

/** Values of a sequence as the descriptors that the break-before-make rules are asked about. */
import type { Mapping } from '../../arch/bbm'
import {
  AF,
  CONT,
  DIRTY,
  PXN,
  RDONLY,
  SHARED_INNER,
  TYPE_PAGE,
  UXN,
  VALID,
  WRITE
} from '../../arch/descriptor'
import type { Access, PteValue, Sequence, UpperValue } from './step'

/** Pages of a block entry above level 3 with the 4K granule, the only one that maps vmemmap by blocks. */
export const BLOCK_PAGES = 512

/** Kernel data pages, as Linux maps vmemmap. */
const KERNEL = VALID | TYPE_PAGE | SHARED_INNER | AF | PXN | UXN

/** The attribute lane of each permission. */
export const ACCESS_ATTR: Readonly<Record<Access, number>> = {
  rw: KERNEL | WRITE | DIRTY,
  ro: KERNEL | RDONLY,
  clean: KERNEL | WRITE | RDONLY
}

/** A level-3 value of a sequence; frames are numbered in the order of its `frames`. */
export function mappingOf({ frames, entries }: Sequence, value: PteValue): Mapping {
  if (value === 'invalid') return { attr: 0, pfn: 0, pages: 1 }
  const cont = value.cont === true
  return {
    attr: ACCESS_ATTR[value.access] | (cont ? CONT : 0),
    pfn: Object.keys(frames).indexOf(value.frame),
    pages: cont ? entries.length : 1,
    contiguous: cont
  }
}

/** What a block entry makes of entry `index`. */
export function blockMapping(
  { frames }: Sequence,
  { block, access, nt }: Exclude<UpperValue, string>,
  index: number
): Mapping {
  const pfn = Object.keys(frames).indexOf(block) + index
  return { attr: ACCESS_ATTR[access], pfn, pages: BLOCK_PAGES, nt: nt === true }
}

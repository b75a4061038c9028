/**
 * The designs for tags of large folios in swap that were argued in "arm64: mm: swap: save and restore
 * mte tags for large folios" (November 2023 to March 2024). Source: reference `mte-swap.md` section 3.
 */

/** Their names in the reference. */
export const MTE_DESIGN_NAMES = ['M0', 'M1', 'M2', 'M3', 'M4', 'M5', 'M6', 'M7', 'M8', 'M9', 'M10'] as const

export type MteDesignName = (typeof MTE_DESIGN_NAMES)[number]

/** What a design does; everything else is the same in all. */
export interface MteDesign {
  readonly name: MteDesignName
  /** One line for lists: what, who, when. */
  readonly title: string
  /** Where large folios are split before they are swapped, because tags are kept page by page. */
  readonly splitsFirst: boolean
  /**
   * `head`: the loop returns after the first page. `folio`: every page; what was saved is undone when
   * one fails. `folio-bad-undo`: that undo misses the first page, or, where that one failed, runs below it.
   */
  readonly save: 'head' | 'folio' | 'folio-bad-undo'
  /**
   * `same-entry`: all pages of the folio, each from the entry that faulted. `page`: each page that is
   * mapped. `folio`: all pages of the folio. `once`: all of them, unless it is remembered that this
   * folio has its tags.
   */
  readonly restore: 'same-entry' | 'page' | 'folio' | 'once'
  /** What remembers that tags are initialised: each page, the folio as a whole, or nothing. */
  readonly flag: 'page' | 'folio' | 'none'
  /** Why tags come back wrong, for those where they do. */
  readonly wrong?: string
}

const PAGE_WISE = { splitsFirst: false, save: 'folio', restore: 'page', flag: 'page' } as const
const FOLIO_WISE = { ...PAGE_WISE, restore: 'folio' } as const

export const MTE_DESIGNS: Readonly<Record<MteDesignName, MteDesign>> = {
  M0: {
    ...PAGE_WISE,
    name: 'M0',
    title: 'no large folio is swapped whole with MTE (mainline 6.0 to 6.9)',
    splitsFirst: true
  },
  M1: {
    ...PAGE_WISE,
    name: 'M1',
    title: 'a loop inside both hooks, page arguments kept (Barry Song, 2 November 2023)',
    save: 'head',
    restore: 'same-entry',
    wrong: 'only the first page is saved, and every page gets the tags of the entry that faulted'
  },
  M2: {
    ...PAGE_WISE,
    name: 'M2',
    title: 'save takes the folio, restore finds the one page from the entry (Barry Song, 4 November 2023)',
    save: 'folio-bad-undo',
    wrong:
      'a save that fails leaves the tags of the first page behind, or drops those of other folios if it failed there'
  },
  M3: {
    ...PAGE_WISE,
    name: 'M3',
    title: 'save takes the folio, restore the page (Barry Song, 14 November 2023)'
  },
  M4: {
    ...FOLIO_WISE,
    name: 'M4',
    title: 'restore takes folio and first entry, all pages at once (David Hildenbrand, 16 November 2023)'
  },
  M5: {
    ...FOLIO_WISE,
    name: 'M5',
    title: 'the same, and remember that this folio has its tags (David Hildenbrand, 17 November 2023)',
    restore: 'once'
  },
  M6: {
    ...FOLIO_WISE,
    name: 'M6',
    title: 'the same with PG_mte_tagged for the folio as a whole (Ryan Roberts, 20 November 2023)',
    restore: 'once',
    flag: 'folio',
    wrong: 'tags may be enabled on a part of a folio: the rest counts as initialised and shows old tags'
  },
  M7: {
    ...PAGE_WISE,
    name: 'M7',
    title: 'no flag: read the tags at swap-out, store what is not zero (Steven Price, 24 November 2023)',
    flag: 'none'
  },
  M8: {
    ...PAGE_WISE,
    name: 'M8',
    title: 'two helpers, one for a page and one for a folio read whole (Barry Song, 7 December 2023)'
  },
  M9: {
    ...FOLIO_WISE,
    name: 'M9',
    title: 'restore takes the folio and rounds the entry down itself (Barry Song, 4 March 2024)'
  },
  M10: {
    ...FOLIO_WISE,
    name: 'M10',
    title: 'restore takes folio and first entry, from the caller (Barry Song, 23 March 2024; 6.10)'
  }
}

/** The design called `name`, if there is one. */
export function mteDesign(name: string): MteDesign | undefined {
  return MTE_DESIGN_NAMES.includes(name as MteDesignName) ? MTE_DESIGNS[name as MteDesignName] : undefined
}

/** Designs that the reference calls right, and those that it calls wrong. */
export const RIGHT_MTE_DESIGNS = MTE_DESIGN_NAMES.filter((name) => MTE_DESIGNS[name].wrong === undefined)
export const WRONG_MTE_DESIGNS = MTE_DESIGN_NAMES.filter((name) => MTE_DESIGNS[name].wrong !== undefined)

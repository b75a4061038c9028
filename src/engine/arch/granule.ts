/**
 * Geometry of the translation granules: page size, entries a table, levels and the size of a contpte
 * block. Everything above counts in pages and entries and reads its shape from here.
 *
 * Source: reference `architecture.md` section 1 (Linux 6.12 pgtable-hwdef.h, arch/arm64/Kconfig).
 */
export type GranuleName = '4K' | '16K' | '64K'
export type Granule = GranuleName

/** The shape of page tables under one granule. */
export interface Geometry {
  readonly name: GranuleName
  /** log2 of the page size in bytes. */
  readonly pageShift: number
  /** Bytes a page. */
  readonly pageSize: number
  /** log2 of the entries of one table. */
  readonly tableShift: number
  /** Entries of one table (PTRS_PER_PTE). */
  readonly tableEntries: number
  /** Translation levels for `vaBits`; the last one is level 3. */
  readonly levels: number
  /** Bits of a user virtual address. */
  readonly vaBits: number
  /** log2 of the entries of a contpte block (CONT_PTE_SHIFT - PAGE_SHIFT). */
  readonly contShift: number
  /** By depth above the last level: 1 / (pages one entry maps), exact powers of two. */
  readonly entryScale: readonly number[]
  /** Entries of a contpte block (CONT_PTES). */
  readonly contPtes: number
  /** Order of the folio one PMD leaf maps (PMD_ORDER). */
  readonly pmdOrder: number
  /** Largest order of the page allocator (MAX_PAGE_ORDER). */
  readonly maxOrder: number
}

function geometry(name: GranuleName, pageShift: number, contShift: number, vaBits: number, maxOrder: number) {
  const tableShift = pageShift - 3
  const levels = Math.floor((vaBits - 4) / tableShift)
  return Object.freeze<Geometry>({
    name,
    pageShift,
    pageSize: 2 ** pageShift,
    tableShift,
    tableEntries: 1 << tableShift,
    levels,
    vaBits,
    contShift,
    entryScale: Array.from({ length: levels }, (_, depth) => 2 ** -(tableShift * depth)),
    contPtes: 1 << contShift,
    pmdOrder: tableShift,
    maxOrder
  })
}

/** PMD leaves that one run with the contiguous bit has (CONT_PMDS). */
export function contiguousLeaves({ name }: Pick<Geometry, 'name'>): number {
  return name === '4K' ? 16 : 32
}

/** The three granules as Linux configures them by default (48-bit addresses). */
export const GEOMETRIES: Readonly<Record<GranuleName, Geometry>> = {
  '4K': geometry('4K', 12, 4, 48, 10),
  '16K': geometry('16K', 14, 7, 48, 11),
  '64K': geometry('64K', 16, 5, 48, 13)
}

/** The same with 52-bit addresses (LPA2 where the granule is not 64K), as 6.9+ uses them where the CPU can. */
export const GEOMETRIES_52: Readonly<Record<GranuleName, Geometry>> = {
  '4K': geometry('4K', 12, 4, 52, 10),
  '16K': geometry('16K', 14, 7, 52, 11),
  '64K': geometry('64K', 16, 5, 52, 13)
}

/**
 * What clearing a whole range costs, by design of `teardown.md` section 4 (formulae: section 6; slots
 * and flushes: section 2). Rows with `own` (all reads of D3 among them) have no figure there: they follow
 * the rules of the design as the engine does, so they show that both agree and no more.
 */
import { BELOW_BLOCK, BLOCKS, EVERY_ORDER, ONEPLUS_PAGES, SINGLE, converts } from './fork-sheets'
import { GRANULES, type Case } from './shape'
import type { Row, Sheet } from './sheet'
import { gatherCapacity, type Gathering } from './flush'

export const EXIT = 'exit: all of the mm goes (fullmm)'
export const DONTNEED = 'DONTNEED of the whole range'
export const DONTNEED_UNFOLDED = 'DONTNEED of foldable blocks that are not folded'

const mm = (counter: Row['counter'], formula: string, more: Partial<Row> = {}): Row => ({
  side: 'mm',
  counter,
  formula,
  ...more
})

/** What a design keeps: how many units it clears, unmaps, counts and drops at a time. */
interface Units {
  readonly batches: string
  readonly maps: string
  readonly rss: string
  readonly drops: string
}

const PER_PAGE: Units = { batches: 'N', maps: 'N', rss: 'N', drops: 'N' }

/** The final flush: of the ASID at exit, of hulls else. */
function flushes(operation: string): Row[] {
  if (operation === EXIT) {
    return [
      mm('tlbiAside1is', '1'),
      mm('dsbIshst', '1'),
      mm('dsbIsh', '1'),
      mm('tableFree', 'U + H', { own: 'as many tables as fork made (no figure in section 6)' })
    ]
  }
  return [
    mm('tlbiAside1is', 'Va'),
    mm('tlbiVale1is', 'Vs'),
    mm('tlbiRvale1is', 'Vr'),
    mm('dsbIshst', 'Vn'),
    mm('dsbIsh', 'Vd')
  ]
}

function sheet(
  operation: string,
  kernels: string[],
  of: Pick<Sheet, 'when' | 'applies'>,
  units: Units,
  rows: Row[],
  source = 'teardown.md 6'
): Sheet {
  return {
    operation,
    kernels,
    ...of,
    source,
    rows: [
      ...rows,
      mm('xchg', 'N'),
      mm('zapBatch', units.batches),
      mm('mapcount', units.maps),
      mm('rss', units.rss),
      mm('folioRef', units.drops),
      ...flushes(operation)
    ]
  }
}

const BOTH = [EXIT, DONTNEED]

/** D0: plain entries. */
function plain(kernels: string[], reads: string, own?: string): Sheet[] {
  return BOTH.map((operation) =>
    sheet(
      operation,
      kernels,
      EVERY_ORDER,
      PER_PAGE,
      [mm('read', reads, own === undefined ? {} : { own })],
      'teardown.md 6, D0'
    )
  )
}

/** D1: the first entry of a folded block converts it. */
function unfoldFirst(operations: string[], kernels: string[]): Sheet[] {
  return operations.flatMap((operation) => [
    sheet(operation, kernels, BELOW_BLOCK, PER_PAGE, [mm('read', '2·N')], 'teardown.md 6, D1'),
    sheet(
      operation,
      kernels,
      BLOCKS,
      PER_PAGE,
      [mm('read', '3·B·C'), ...converts('mm', 'B', '0')],
      'teardown.md 6, D1'
    )
  ])
}

/** D2: at exit a folded block is exchanged entry by entry, and every entry gathers it. */
function full(): Sheet[] {
  const kernels = ['contpte-v2']
  return [
    sheet(EXIT, kernels, BELOW_BLOCK, PER_PAGE, [mm('read', '2·N')], 'teardown.md 6, D2'),
    sheet(EXIT, kernels, BLOCKS, PER_PAGE, [mm('read', 'N·(1 + C) + N')], 'teardown.md 6, D2'),
    ...unfoldFirst([DONTNEED], kernels)
  ]
}

/** D3: runs, cut where the gather has no room for more; its pages go one by one. */
function runs(): Sheet[] {
  const own =
    'no column in section 6: every entry of a run is read by ptep_get; a run that the gather cuts (Xc cuts, Xu of them in a block) costs Xr more'
  const units = { ...PER_PAGE, batches: 'Fo + Xc' }
  return BOTH.flatMap((operation) => [
    sheet(operation, ['contpte-v3'], SINGLE, units, [mm('read', '2·N', { own })], 'teardown.md 4, D3'),
    sheet(
      operation,
      ['contpte-v3'],
      { when: '1 <= k < log2 C', applies: (of) => of.order > 0 && BELOW_BLOCK.applies(of) },
      units,
      [mm('read', 'N + 2·Fo - b + Xr', { own })],
      'teardown.md 4, D3'
    ),
    sheet(
      operation,
      ['contpte-v3'],
      BLOCKS,
      units,
      [mm('read', 'N·(1 + C) + Xr', { own }), ...converts('mm', 'Xu', '0')],
      'teardown.md 4, D3'
    )
  ])
}

/** D4: upstream. */
function batches(kernel: string, clipped: boolean, total: boolean): Sheet[] {
  const units = { batches: 'Fo', maps: total ? 'N + Fo' : 'N', rss: 'Fo', drops: 'Fo' }
  const single = { ...units, maps: 'N' }
  const past = (formula: string, more: string) => mm('read', clipped ? formula : `${formula} + ${more}`)
  const source = 'teardown.md 6, D4'
  const large = { when: '1 <= k < log2 C', applies: (of: Case) => of.order > 0 && BELOW_BLOCK.applies(of) }
  return [
    ...BOTH.flatMap((operation) => [
      sheet(operation, [kernel], SINGLE, single, [mm('read', '2·N')], source),
      sheet(operation, [kernel], large, units, [past('N + 2·Fo - b', '(Fo - H)')], source),
      sheet(operation, [kernel], BLOCKS, units, [past('B·(1 + C)', '(Fo - H)·(1 + C)')], source)
    ]),
    sheet(DONTNEED_UNFOLDED, [kernel], BLOCKS, units, [past('N', '(Fo - H)')], source)
  ]
}

/** D6: OnePlus' blocks. */
function blocks(): Sheet[] {
  const units = { batches: 'B', maps: 'B', rss: 'B', drops: 'B' }
  const of = {
    when: 'blocks of 64K in a marked VMA',
    applies: (each: Case) => each.granule === '4K' && each.order === 4
  }
  return BOTH.map((operation) =>
    sheet(operation, ['oneplus-5.15'], of, units, [mm('read', '3·B')], 'teardown.md 6, D6')
  )
}

/** Every sheet of teardown: a design more is an entry more. */
export const ZAP_SHEETS: readonly Sheet[] = [
  ...plain(['no-contpte', 'linux-6.1', 'linux-6.8'], 'N'),
  ...plain([ONEPLUS_PAGES], '2·N', 'one load more than D0: each entry is asked for the contiguous bit first'),
  ...unfoldFirst(BOTH, ['contpte-unbatched']),
  ...full(),
  ...runs(),
  ...batches('linux-6.9', false, false),
  ...batches('linux-6.10', false, true),
  ...batches('linux-6.12.0', false, true),
  ...batches('linux-6.12', true, true),
  ...blocks()
]

/** How a kernel's gather fills with folios of an order (section 2). */
export function gathering(kernel: string, of: Case): Gathering {
  const asidDsb = kernel.startsWith('linux-6.12') ? 2 : 1
  if (kernel === 'oneplus-5.15') {
    // A slot a block.
    return { pagesAFlush: gatherCapacity(of.granule, 'pages', true) * GRANULES[of.granule].c, asidDsb }
  }
  const inRuns = kernel === 'linux-6.9' || /^linux-6\.1[0-2]/.test(kernel)
  if (!inRuns) return { pagesAFlush: gatherCapacity(of.granule, 'pages', true), asidDsb }
  const single = of.order === 0
  return { pagesAFlush: gatherCapacity(of.granule, 'runs', single) * 2 ** of.order, asidDsb }
}

/**
 * What the gather's limits cost D3: cuts inside a folio, of those in a folded block, and reads more than
 * a folio of its own costs. A run is measured to its end before it is cut; what follows the cut is a
 * run of its own.
 */
export function cutsOfRuns({ granule, pages, order }: Case): { Xc: number; Xu: number; Xr: number } {
  const { c } = GRANULES[granule]
  const folio = 2 ** order
  const capacity = gatherCapacity(granule, 'pages', true)
  const folded = folio >= c
  const cost = { Xc: 0, Xu: 0, Xr: 0 }
  for (let at = capacity; at < pages; at += capacity) {
    const before = at % folio
    if (before === 0) continue
    const base = at - before
    const inBlock = folded && at % c !== 0
    cost.Xc++
    if (inBlock) cost.Xu++
    // Pages behind the cut are read again: those of the cut block as plain entries.
    const after = folio - before
    const plain = folded ? (inBlock ? c - (at % c) : 0) : after
    cost.Xr += plain + (after - plain) * (1 + c)
    // Whether partial ends are looked at: of both runs, instead of the one.
    cost.Xr += ends(base, before, c) + ends(at, after, c) - ends(base, folio, c)
  }
  return cost
}

/** Reads of `unfold_partial` (u), or the one read of a single entry. */
function ends(first: number, nr: number, c: number): number {
  if (nr === 1) return 1
  return (first % c !== 0 || nr < c ? 1 : 0) + ((first + nr) % c !== 0 ? 1 : 0)
}

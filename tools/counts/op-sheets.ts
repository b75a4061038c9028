/**
 * What one operation on entries costs, and what a few callers make of it, as the reference has it
 * (`contpte.md` sections 3 to 7, `teardown.md` section 6, partial clears, `oneplus.md` 4 to 7). Not taken
 * from the engine, but for rows with `own`: there the reference has no exact figure, and ours was chosen
 * among those it allows with the engine's model in view; such a row only shows that both agree.
 */
import type { CounterName } from '../../src/engine/trace/counters'
import { evaluate, type Vars } from './expression'
import type { Figures } from './sheet'

/** Costs beside converts; each is a formula in C (and j, pages). Flushes: of a page or a block. */
export interface Cost {
  readonly R?: string
  readonly X?: string
  readonly W?: string
  readonly S?: string
  readonly unfold?: string
  readonly fold?: string
  /** `flush_tlb_page`, and the one without DSB ISH. */
  readonly page?: string
  readonly pageNosync?: string
  /** Range flushes of a block, and those without DSB ISH. */
  readonly block?: string
  readonly blockNosync?: string
  /** One last-level flush of j pages by the caller. */
  readonly hull?: boolean
  /** Blocks of OnePlus that are split, and flushes of its blocks else; not last-level. */
  readonly split?: string
  readonly blockAll?: string
  /** DSB ISH that ends flushes put off, and flushes of the ASID. */
  readonly finish?: string
  readonly asid?: string
  readonly own?: string
}

/** One operation in one state of the block, for the kernels that have it so. */
export interface OpSheet {
  /** Name of the scenario in `op-scenes.ts`. */
  readonly scene: string
  readonly kernels: readonly string[]
  readonly source: string
  readonly cost: Cost
}

const UP = ['linux-6.9', 'linux-6.10', 'linux-6.11', 'linux-6.12.0', 'linux-6.12']
const POSTED = ['contpte-v2', 'contpte-v3', 'contpte-unbatched']
const LAYER = [...POSTED, ...UP]
const ONEPLUS = ['oneplus-5.15']
const ABSENT = ['no-contpte', 'linux-6.1', 'linux-6.8']

const S5 = 'contpte.md 5'
const S6 = 'contpte.md 6'
const S7 = 'contpte.md 7'

const op = (scene: string, kernels: readonly string[], source: string, cost: Cost): OpSheet => ({
  scene,
  kernels,
  source,
  cost
})

const SPLIT = 'oneplus.md 6 has 16 + 2..3 for the split: plain loads, up to the compiler'
const WALK =
  'swap-reclaim.md 2.1 counts calls of ptep_get while all is folded: 2 for the first block, 3 for a further one; plain entries are taken as further ones'
const REUSE =
  'the loads of the handler are recorded for a page that is copied: the one before the copy falls away'
const NR_1 = 'the table has (1..2)R: for one entry its own CONT is asked first'
const EACH =
  'stable 6.12 reads until an entry differs, then takes the entry once more; no figure in section 5'

/** Every sheet of an operation. */
export const OP_SHEETS: readonly OpSheet[] = [
  op('ptep_get, plain', LAYER, S5, { R: '1' }),
  op('ptep_get, folded', LAYER, S5, { R: '1 + C' }),
  op('ptep_get_lockless, plain', LAYER, S5, { R: '1' }),
  op('ptep_get_lockless, folded', LAYER, S5, { R: '2 + C' }),
  op('set_ptes(1) in the middle, plain', LAYER, S5, { R: '1', W: '1' }),
  op('set_ptes(1) in the middle, folded', LAYER, S5, { R: '1', W: '1', unfold: '1' }),
  op('C times set_ptes(1) ascending into an empty block', LAYER, S7, { R: 'C + C', W: 'C', fold: '1' }),
  // The first store is at the last index: the scan ends at entry 0, which is empty (F6).
  op('C times set_ptes(1) descending into an empty block', LAYER, 'contpte.md 4', { R: 'C + 1', W: 'C' }),
  op('set_ptes(C) into an empty block', UP, S7, { W: 'C' }),
  op('set_ptes(C) into an empty block', POSTED, S6, { R: '1 + C', W: 'C' }),
  op('set_ptes(C) over a folded block', POSTED, S6, { R: '1', W: '2·C', block: '1' }),
  op('pte_clear, plain', LAYER, S5, { R: '1', W: '1' }),
  op('pte_clear, folded', LAYER, S5, { R: '1', W: '1', unfold: '1' }),
  op('ptep_get_and_clear, plain', LAYER, S5, { R: '1', X: '1' }),
  op('ptep_get_and_clear, folded', LAYER, S5, { R: '1', X: '1', unfold: '1' }),
  op('C times ptep_get_and_clear, folded', LAYER, S7, { R: 'C', X: 'C', unfold: '1' }),
  op('get_and_clear_full(1), exit, folded', ['contpte-v2'], 'teardown.md 4, D2', { R: '1', X: '1' }),
  op('get_and_clear_full_ptes(1), folded', [...UP, 'contpte-v3'], S5, { R: '1', X: '1', unfold: '1' }),
  op('get_and_clear_full_ptes(C), folded', [...UP, 'contpte-v3'], S5, { X: 'C' }),
  op('get_and_clear_full_ptes, 5 from index 2, folded', [...UP, 'contpte-v3'], S5, {
    R: '2',
    X: '5',
    unfold: '1'
  }),
  op('clear_full_ptes(C), folded', UP, S7, { X: 'C' }),
  op('clear_full_ptes(C) from index 4, folded', UP, S5, { R: '2', X: 'C', unfold: '2' }),
  op('wrprotect(1), plain', UP, S5, { R: '1', S: '1' }),
  op('wrprotect(1), plain', POSTED, S6, { R: '1 + 1 + 1', S: '1' }),
  op('wrprotect(1), folded', UP, S5, { R: '1', S: '1', unfold: '1' }),
  op('wrprotect(1), folded', POSTED, S6, { R: '1 + 1 + 1', S: '1', unfold: '1' }),
  op('wrprotect(C), folded', LAYER, S7, { R: 'C', S: 'C' }),
  op('wrprotect(C - 1) from index 1, folded', UP, S7, { R: '1 + C - 1', S: 'C - 1', unfold: '1' }),
  op('wrprotect(C - 1) from index 1, folded', POSTED, S6, {
    R: '1 + C - 1 + 1 + 1',
    S: 'C - 1',
    unfold: '1'
  }),
  op('ptep_test_and_clear_young, plain', LAYER, S5, { R: '1 + 1', S: '1' }),
  op('ptep_test_and_clear_young, folded', LAYER, S5, { R: '1 + C', S: 'C' }),
  op('ptep_clear_flush_young, plain', LAYER, S5, { R: '1 + 1', S: '1', pageNosync: '1' }),
  op('ptep_clear_flush_young, folded', LAYER, S5, { R: '1 + C', S: 'C', blockNosync: '1' }),
  op('clear_young_dirty_ptes(1) both, plain', ['linux-6.12.0', 'linux-6.12'], S5, {
    R: '1 + 1',
    W: '1',
    own: NR_1
  }),
  op('clear_young_dirty_ptes(1) both, folded', ['linux-6.12.0', 'linux-6.12'], S5, {
    R: '1 + 2 + C',
    W: 'C',
    own: NR_1
  }),
  op('clear_young_dirty_ptes(C) both, folded', ['linux-6.12.0', 'linux-6.12'], S5, { R: '2 + C', W: 'C' }),
  op('clear_young_dirty_ptes(C) young, folded', ['linux-6.12.0', 'linux-6.12'], S5, { R: '2 + C', S: 'C' }),
  op('ptep_set_access_flags, nothing to do, plain', LAYER, S5, { R: '1 + 1' }),
  op(
    'ptep_set_access_flags, nothing to do, folded',
    ['linux-6.9', 'linux-6.10', 'linux-6.11', 'linux-6.12.0'],
    `${S5}, A1`,
    {
      R: '1 + 1 + C'
    }
  ),
  op('ptep_set_access_flags, nothing to do, folded', ['linux-6.12'], `${S5}, A1`, { R: '1 + C' }),
  op(
    'ptep_set_access_flags, AF, folded',
    [...POSTED, 'linux-6.9', 'linux-6.10', 'linux-6.11', 'linux-6.12.0'],
    `${S5}, A2`,
    {
      R: '1 + 1 + C + C',
      S: 'C'
    }
  ),
  op('ptep_set_access_flags, AF, folded', ['linux-6.12'], `${S5}, A2`, {
    R: '1 + 1 + 1 + C',
    S: 'C',
    own: EACH
  }),
  op(
    'ptep_set_access_flags, dirty, folded',
    [...POSTED, 'linux-6.9', 'linux-6.10', 'linux-6.11', 'linux-6.12.0'],
    `${S5}, A2`,
    {
      R: '1 + 1 + C + C',
      S: 'C',
      block: '1'
    }
  ),
  op('ptep_set_access_flags, dirty, folded', ['linux-6.12'], `${S5}, A2`, {
    R: '1 + 1 + 1 + C',
    S: 'C',
    block: '1',
    own: EACH
  }),
  op(
    'ptep_set_access_flags, write, folded',
    ['linux-6.9', 'linux-6.10', 'linux-6.11', 'linux-6.12.0'],
    `${S5}, A3`,
    {
      R: '1 + 1 + C + 1',
      S: '1',
      unfold: '1',
      page: '1'
    }
  ),
  op('ptep_set_access_flags, write, folded', POSTED, `${S5}, A3; 4`, {
    R: '1 + 1 + C + 1 + 1',
    S: '1',
    unfold: '1',
    page: '1'
  }),
  op('ptep_set_access_flags, write, folded', ['linux-6.12'], `${S5}, A3`, {
    R: '1 + 1 + 1 + 1',
    S: '1',
    unfold: '1',
    page: '1',
    own: EACH
  }),
  op('mprotect of the block', LAYER, `${S5}, callers`, {
    R: '5·C',
    X: 'C',
    W: 'C',
    unfold: '1',
    fold: '1',
    hull: true
  }),
  op('mprotect of the first j entries', LAYER, `${S5}, callers`, {
    R: 'C + 3·j',
    X: 'j',
    W: 'j',
    unfold: '1',
    hull: true
  }),
  op('mprotect to PROT_NONE of the block', LAYER, `${S5}, callers`, {
    R: '4·C',
    X: 'C',
    W: 'C',
    unfold: '1',
    hull: true
  }),
  ...['DONTNEED of j entries at the start', 'DONTNEED of j entries in the middle'].map((scene) =>
    op(scene, ['contpte-unbatched', 'contpte-v2'], 'teardown.md 6, D1', {
      R: '(1 + C) + 1 + 2·(j - 1)',
      X: 'j',
      unfold: '1',
      hull: true
    })
  ),
  ...['DONTNEED of j entries at the start', 'DONTNEED of j entries in the middle'].map((scene) =>
    op(scene, UP, 'teardown.md 6, D4', { R: '(1 + C) + 2', X: 'j', unfold: '1', hull: true })
  ),
  op('DONTNEED of the last j entries', UP, 'teardown.md 6, D4', {
    R: '(1 + C) + 1',
    X: 'j',
    unfold: '1',
    hull: true
  }),
  op('DONTNEED of one entry', UP, 'teardown.md 6, D4', {
    R: '(1 + C) + 1',
    X: '1',
    unfold: '1',
    page: '1'
  }),
  op('DONTNEED of one entry', ['contpte-unbatched', 'contpte-v2'], 'teardown.md 6, D1', {
    R: '(1 + C) + 1',
    X: '1',
    unfold: '1',
    page: '1'
  }),
  // Of the handler: one ptep_get_lockless, three ptep_get.
  op('store to a page shared by fork, folded', LAYER, `${S5}, callers`, {
    R: '(2 + C) + 3·(1 + C) + 1 + 1',
    X: '1',
    W: '1',
    unfold: '1',
    page: '1'
  }),
  op('store to a page shared by fork, later in the block', LAYER, `${S5}, callers`, {
    R: '1 + 3 + 1 + 1',
    X: '1',
    W: '1',
    page: '1'
  }),
  ...(
    [
      [['linux-6.9', 'linux-6.10', 'linux-6.11', 'linux-6.12.0'], '1 + 1 + C + 1'],
      [POSTED, '1 + 1 + C + 1 + 1'],
      [['linux-6.12'], '1 + 1 + 1 + 1']
    ] as const
  ).map(([kernels, reads]) =>
    op('store to an exclusive read-only page, folded', kernels, `${S5}, callers; A3`, {
      R: `(2 + C) + 2·(1 + C) + ${reads}`,
      S: '1',
      unfold: '1',
      page: '1',
      own: REUSE
    })
  ),
  op('reclaim of the folio, both blocks folded', LAYER, `${S5}, callers; swap-reclaim.md 2.1`, {
    R: '2·(1 + C) + 3·(1 + C) + 3·2·(C - 1) + 2·2·C',
    X: '2·C',
    W: '2·C',
    unfold: '2',
    pageNosync: '2·C',
    finish: '1',
    own: WALK
  }),
  ...[
    'DONTNEED of j entries at the start',
    'DONTNEED of j entries in the middle',
    'DONTNEED of the last j entries'
  ].map((scene) =>
    op(scene, ONEPLUS, 'oneplus.md 7', { R: 'C + 3 + 2·j', X: 'j', split: '1', hull: true, own: SPLIT })
  ),
  op('DONTNEED of one entry', ONEPLUS, 'oneplus.md 7', {
    R: 'C + 3 + 2',
    X: '1',
    split: '1',
    page: '1',
    own: SPLIT
  }),
  op('fork of two blocks, the first one pinned', ONEPLUS, 'oneplus.md 4 and 6', {
    // The block up to its split; its pages, all but the first met twice; the other block.
    R: '3 + C + 2 + 3·(2·C - 1) + 5',
    X: 'C',
    W: 'C',
    split: '1',
    blockAll: '1',
    asid: '1',
    own: 'plain loads, up to the compiler: 3 a block or page looked at, 16 + 2 of the split, 5 of the block that is copied whole'
  }),
  op('get_and_clear', ABSENT, S6, { X: '1' }),
  op('ptep_get, plain', ABSENT, S6, { R: '1' }),
  op('set_pte_at', ABSENT, S6, { W: '1' }),
  op('wrprotect(1), plain', ABSENT, S6, { R: '1', S: '1' }),
  op('ptep_set_access_flags, dirty, plain', ABSENT, S6, { R: '1', S: '1', page: '1' }),
  op('ptep_clear_flush_young, plain', ABSENT, S6, { R: '1', S: '1', pageNosync: '1' })
]

/** The counters of a cost, converts taken apart (section 3). `range`: FEAT_TLBIRANGE. */
export function costFigures(cost: Cost, vars: Vars, range: boolean): Figures {
  const of = (text: string | undefined): number => (text === undefined ? 0 : evaluate(text, vars))
  const c = vars.C
  const converts = of(cost.unfold) + of(cost.fold)
  const blocks = converts + of(cost.block) + of(cost.blockNosync)
  const split = of(cost.split)
  const exposed = split + of(cost.blockAll)
  const asid = of(cost.asid)
  const pages = of(cost.page) + of(cost.pageNosync)
  const hull = cost.hull === true ? vars.j : 0
  const single = pages + (range ? hull % 2 : blocks * c + hull)
  const ranged = range ? blocks + (hull === 0 ? 0 : rangeOf(hull)) : 0
  const figures: Partial<Record<CounterName, number>> = {
    read: of(cost.R),
    xchg: of(cost.X) + (converts + split) * c,
    write: of(cost.W) + (converts + split) * c,
    cas: of(cost.S),
    unfold: of(cost.unfold) + split,
    fold: of(cost.fold),
    tlbi: single + ranged + (range ? exposed : exposed * c) + asid,
    tlbiVale1is: single,
    tlbiRvale1is: ranged,
    tlbiVae1is: range ? 0 : exposed * c,
    tlbiRvae1is: range ? exposed : 0,
    tlbiAside1is: asid,
    dsbIshst: blocks + pages + (hull > 0 ? 1 : 0) + exposed + asid,
    dsbIsh: converts + of(cost.block) + of(cost.page) + (hull > 0 ? 1 : 0) + exposed + asid + of(cost.finish)
  }
  return Object.fromEntries(Object.entries(figures).filter(([, n]) => n !== 0))
}

/** Range instructions for fewer than 2^11 pages: digits of scale 0 and 1 that are not 0. */
function rangeOf(pages: number): number {
  return ((pages >> 1) % 32 > 0 ? 1 : 0) + (pages >> 6 > 0 ? 1 : 0)
}

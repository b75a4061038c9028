/**
 * What fork costs, by design, as the reference has it (`fork.md` sections 1, 4 and 7, `oneplus.md`
 * section 4). Rows with `own` are ours: the reference rounds, leaves open or has no figure, and what stands
 * there was settled with the engine's model in view, so it shows that both agree and no more.
 */
import { GRANULES, type Case } from './shape'
import type { Row, Sheet } from './sheet'

export const FORK = 'fork'
export const FORK_READ_ONLY = 'fork of read-only entries (the second fork)'
export const FORK_UNFOLDED = 'fork of foldable blocks that are not folded'
export const FORK_MISALIGNED = 'fork of folios half a block out of line'
export const FORK_CUT = 'fork of folded blocks, a VMA border in the middle of the first'

const parent = (counter: Row['counter'], formula: string, more: Partial<Row> = {}): Row => ({
  side: 'parent',
  counter,
  formula,
  ...more
})
const child = (counter: Row['counter'], formula: string, more: Partial<Row> = {}): Row => ({
  side: 'child',
  counter,
  formula,
  ...more
})

/** Which orders a class has. */
type Class = Pick<Sheet, 'when' | 'applies'>
const contOrder = (of: Case): number => Math.log2(GRANULES[of.granule].c)
export const EVERY_ORDER: Class = { when: 'every order', applies: () => true }
export const SINGLE: Class = { when: 'k = 0', applies: (of) => of.order === 0 }
export const ORDER_1: Class = {
  when: 'k = 1',
  applies: (of) => of.order === 1 && of.order < contOrder(of)
}
export const SMALL: Class = {
  when: '2 <= k < log2 C',
  applies: (of) => of.order >= 2 && of.order < contOrder(of)
}
export const BELOW_BLOCK: Class = { when: 'k < log2 C', applies: (of) => of.order < contOrder(of) }
export const BLOCKS: Class = { when: 'k >= log2 C', applies: (of) => of.order >= contOrder(of) }
export const ONE_BLOCK: Class = { when: 'k = log2 C', applies: (of) => of.order === contOrder(of) }
export const MORE_BLOCKS: Class = { when: 'k > log2 C', applies: (of) => of.order > contOrder(of) }

/** Instructions and barriers of `n` flushes of one block, last-level (`VALE1IS`) or not. */
export function blockFlushes(side: Row['side'], n: string, last = true): Row[] {
  return [
    { side, counter: last ? 'tlbiVale1is' : 'tlbiVae1is', formula: `${n}·C`, range: false },
    { side, counter: last ? 'tlbiRvale1is' : 'tlbiRvae1is', formula: n, range: true },
    { side, counter: 'dsbIshst', formula: n },
    { side, counter: 'dsbIsh', formula: n }
  ]
}

/** `folds` and `unfolds` of blocks: C exchanges, C stores and a flush each. */
export function converts(side: Row['side'], unfolds: string, folds: string): Row[] {
  const both = unfolds === '0' ? folds : folds === '0' ? unfolds : `(${unfolds} + ${folds})`
  return [
    { side, counter: 'unfold', formula: unfolds },
    { side, counter: 'fold', formula: folds },
    { side, counter: 'xchg', formula: `${both}·C` },
    { side, counter: 'write', formula: `${both}·C` },
    ...blockFlushes(side, both)
  ]
}

const ROUNDED =
  'section 7 rounds to N/4 and Fo: no test follows the last entry of a section, so one a section less'
const TABLES = 'the child gets a table for each of the parent (no figure in section 7)'

/** What every design shares. `batches` at a time, `tests` of the locks, references, mappings and rss. */
function frame(o: {
  batches: string
  tests: string
  refs: string
  maps: string
  rss: string
  exclusive?: string
  progress?: string
}): Row[] {
  return [
    parent('fork', '1'),
    parent('forkBatch', o.batches),
    parent('progress', o.progress ?? '8·N'),
    parent('lockSection', 'L'),
    parent('lockBreakTest', o.tests, { own: ROUNDED }),
    parent('tlbiAside1is', '1'),
    parent('dsbIshst', '1'),
    parent('dsbIsh', '1'),
    child('tableAlloc', 'U + H', { own: TABLES }),
    child('folioRef', o.refs),
    child('mapcount', o.maps),
    child('rss', o.rss),
    child('exclusiveClear', o.exclusive ?? 'N')
  ]
}

const PER_PAGE = { batches: 'N', tests: 'N/4 - L', refs: 'N', maps: 'N', rss: 'N' }
const SECTION_7 = 'fork.md 7'

/** No contiguous PTEs: one entry at a time. */
function perPte(kernels: string[], loads: number, own: string | undefined, exclusive: string): Sheet[] {
  const make = (operation: string, readOnly: boolean): Sheet => ({
    operation,
    kernels,
    ...EVERY_ORDER,
    source: SECTION_7,
    rows: [
      parent('read', `${readOnly ? loads : loads + 1}·N`, own === undefined ? {} : { own }),
      ...(readOnly ? [] : [parent('cas', 'N')]),
      child('write', 'N'),
      ...frame({ ...PER_PAGE, exclusive: readOnly ? '0' : exclusive })
    ]
  })
  return [make(FORK, false), make(FORK_READ_ONLY, true)]
}

const LOADS = 'plain loads, up to the compiler: 3 + 1, as section 7 counts them'

/** v2 12/14 alone. */
function unbatched(): Sheet[] {
  const kernels = ['contpte-unbatched']
  const make = (operation: string, of: Class, rows: Row[], exclusive = 'N'): Sheet => ({
    operation,
    kernels,
    ...of,
    source: SECTION_7,
    rows: [...rows, ...frame({ ...PER_PAGE, exclusive })]
  })
  const plainChild = [child('read', 'N'), child('write', 'N')]
  const foldedChild = [child('read', 'N + B·C'), child('write', 'N'), ...converts('child', '0', 'B')]
  const folded = [
    parent('read', 'B·(2·(1 + C) + 3 + 5·(C - 1) + C)'),
    parent('cas', 'N'),
    ...converts('parent', 'B', 'B'),
    ...foldedChild
  ]
  const plain = [parent('read', '5·N'), parent('cas', 'N'), ...plainChild]
  return [
    make(FORK, BELOW_BLOCK, plain),
    make(FORK, BLOCKS, folded),
    make(FORK_READ_ONLY, BELOW_BLOCK, [parent('read', '2·N'), ...plainChild], '0'),
    make(FORK_READ_ONLY, BLOCKS, [parent('read', '2·N·(1 + C)'), ...foldedChild], '0'),
    make(FORK_UNFOLDED, BLOCKS, [
      parent('read', '5·N + B·C'),
      parent('cas', 'N'),
      ...converts('parent', '0', 'B'),
      ...foldedChild
    ]),
    make(FORK_MISALIGNED, BLOCKS, plain),
    make(FORK_CUT, BLOCKS, folded)
  ]
}

/** v2 and v3: the scan gathers every entry; runs are split at block borders. */
function posted(): Sheet[] {
  const both = ['contpte-v2', 'contpte-v3']
  const make = (
    operation: string,
    kernels: string[],
    of: Class,
    batches: string,
    tests: string,
    rows: Row[],
    exclusive = 'N',
    source = SECTION_7
  ): Sheet => ({
    operation,
    kernels,
    ...of,
    source,
    rows: [
      ...rows,
      child('write', 'N'),
      ...frame({ batches, tests, refs: batches, maps: 'N', rss: 'N', exclusive })
    ]
  })
  const cas = parent('cas', 'N')
  const pieces = 'fork.md 7; pieces smaller than a block are read before and after (8, E2)'
  const reads = (formula: string): Row => parent('read', formula)
  const foldedChild = child('read', 'B·(1 + C)')
  const sheets: Sheet[] = []
  for (const [of, tests, childRead] of [
    [SINGLE, 'N/4 - L', 'N'],
    [ORDER_1, 'N/4 - L', '2·Fo'],
    [SMALL, 'Fo - L', '2·Fo']
  ] as const) {
    const copy = child('read', childRead)
    sheets.push(
      make(FORK, both, of, 'Fo', tests, [reads('(N + Fo) + N + 2·Fo'), cas, copy], 'N', pieces),
      make(FORK_READ_ONLY, both, of, 'Fo', tests, [reads('N + Fo'), copy], '0')
    )
  }
  // First VMA: a piece of h pages that unfolds the block; then the other piece, which folds it again.
  const firstPiece = '(h + 1)·(1 + C) + h + 2'
  const secondPiece = 'h + 1 + h + 2 + C'
  const others = '(Fo - 1)·((F + 1)·(1 + C) + F)'
  const cut = (kernels: string[], of: Class, batches: string, rest: string): Sheet =>
    make(
      FORK_CUT,
      kernels,
      of,
      batches,
      `${batches} - L`,
      [
        reads(`${firstPiece} + ${secondPiece} + ${rest}${others}`),
        cas,
        ...converts('parent', '1', '1'),
        child('read', '4 + (B - 1)·(1 + C)')
      ],
      'N',
      'contpte.md 5 and 6 (V2: wrprotect, set_ptes), fork.md 3'
    )
  sheets.push(
    make(FORK, both, BLOCKS, 'Fo', 'Fo - L', [reads('(N + Fo)·(1 + C) + N'), cas, foldedChild]),
    make(FORK_READ_ONLY, both, BLOCKS, 'Fo', 'Fo - L', [reads('(N + Fo)·(1 + C)'), foldedChild], '0'),
    make(FORK_UNFOLDED, both, BLOCKS, 'Fo', 'Fo - L', [reads('(N + Fo) + N'), cas, foldedChild]),
    make(
      FORK_MISALIGNED,
      both,
      BLOCKS,
      'P',
      'P - L',
      [reads('(N + P) + N + 4·Fo'), cas, child('read', '4·Fo + Fo·(F/C - 1)')],
      'N',
      pieces
    ),
    cut(both, ONE_BLOCK, 'Fo + 1', ''),
    // v2 compares the contiguous bit, so the run ends where the unfolded block does; v3 does not.
    cut(['contpte-v2'], MORE_BLOCKS, 'Fo + 2', '(1 + C) + (F - C + 1)·(1 + C) + F - C + '),
    cut(['contpte-v3'], MORE_BLOCKS, 'Fo + 1', '(F - C)·(1 + C) + F - C + ')
  )
  return sheets
}

/** 6.9 and later. `clipped`: no read past a folio's end. `total`: a large folio counts its mappings in all. */
function upstream(kernel: string, clipped: boolean, total: boolean): Sheet[] {
  const make = (
    operation: string,
    of: Class,
    o: { batches?: string; tests?: string; large?: boolean; exclusive?: string; source?: string },
    rows: Row[]
  ): Sheet => {
    const batches = o.batches ?? 'Fo'
    return {
      operation,
      kernels: [kernel],
      ...of,
      source: o.source ?? SECTION_7,
      rows: [
        ...rows,
        child('write', 'N'),
        ...frame({
          batches,
          tests: o.tests ?? `${batches} - L`,
          refs: batches,
          maps: total && o.large !== false ? `N + ${batches}` : 'N',
          rss: batches,
          exclusive: o.exclusive
        })
      ]
    }
  }
  const cas = parent('cas', 'N')
  const reads = (formula: string, past: string): Row =>
    parent('read', clipped ? formula : `${formula} + ${past}`)
  const sheets = [
    make(FORK, SINGLE, { tests: 'N/4 - L', large: false }, [parent('read', '2·N'), cas, child('read', 'N')]),
    make(FORK_READ_ONLY, SINGLE, { tests: 'N/4 - L', large: false, exclusive: '0' }, [
      parent('read', 'N'),
      child('read', 'N')
    ])
  ]
  for (const [of, tests] of [
    [ORDER_1, 'N/4 - L'],
    [SMALL, 'Fo - L']
  ] as const) {
    sheets.push(
      make(FORK, of, { tests }, [reads('N + N + 2·Fo - b', '(Fo - L)'), cas]),
      make(FORK_READ_ONLY, of, { tests, exclusive: '0' }, [reads('N', '(Fo - L)')])
    )
  }
  const cut = (of: Class, batches: string, more: string): Sheet =>
    make(FORK_CUT, of, { batches, source: 'contpte.md 5 (unfold_partial), fork.md 3' }, [
      reads(`B·(1 + C) + h + N + 3${more}`, '(Fo - L + 1)·(1 + C)'),
      cas,
      ...converts('parent', '1', '0')
    ])
  sheets.push(
    make(FORK, BLOCKS, {}, [reads('B·(1 + C) + N', '(Fo - L)·(1 + C)'), cas]),
    make(FORK_READ_ONLY, BLOCKS, { exclusive: '0' }, [reads('B·(1 + C)', '(Fo - L)·(1 + C)')]),
    make(FORK_UNFOLDED, BLOCKS, {}, [reads('N + N', '(Fo - L)'), cas]),
    make(FORK_MISALIGNED, BLOCKS, { batches: 'P' }, [reads('N + N + 2·Fo + (P - Fo)', '(P - L)'), cas]),
    cut(ONE_BLOCK, 'Fo + 1', ''),
    // The rest of the folio is folded still and begins a batch of its own, after one gather in vain.
    cut(MORE_BLOCKS, 'Fo + 2', ' + (1 + C)')
  )
  return sheets
}

/** OnePlus 5.15: blocks in a marked VMA. */
function blocks(): Sheet[] {
  const own = 'marked ~ in oneplus.md: plain dereferences, up to the compiler'
  const make = (operation: string, rows: Row[]): Sheet => ({
    operation,
    kernels: ['oneplus-5.15'],
    when: 'blocks of 64K in a marked VMA',
    applies: (of) => of.granule === '4K' && of.order === 4,
    source: 'oneplus.md 4',
    rows: [
      ...rows,
      child('write', '2·B·C'),
      ...blockFlushes('child', 'B', false),
      ...frame({
        batches: 'B',
        tests: 'q - L',
        refs: 'B',
        maps: 'B',
        rss: 'B',
        exclusive: '0',
        progress: '8·B'
      })
    ]
  })
  return [
    make(FORK, [
      parent('read', '5·B', { own }),
      parent('xchg', 'B·C'),
      parent('write', 'B·C'),
      ...blockFlushes('parent', 'B', false)
    ]),
    make(FORK_READ_ONLY, [parent('read', '3·B', { own })])
  ]
}

export const ONEPLUS_PAGES = 'oneplus-5.15, base pages'

/** Every sheet of fork. */
export const FORK_SHEETS: readonly Sheet[] = [
  ...perPte(['no-contpte', 'linux-6.8'], 2, undefined, 'N'),
  ...perPte(['linux-6.1'], 3, LOADS, 'N'),
  // 5.15 has no anon-exclusive flag.
  ...perPte([ONEPLUS_PAGES], 3, LOADS, '0'),
  ...unbatched(),
  ...posted(),
  ...upstream('linux-6.9', false, false),
  ...upstream('linux-6.10', false, true),
  ...upstream('linux-6.12.0', false, true),
  ...upstream('linux-6.12', true, true),
  ...blocks()
]

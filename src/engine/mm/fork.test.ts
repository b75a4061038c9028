/** Figures: reference fork.md section 7 (formulae) and section 8 (worked examples), 4K granule. */
import { describe, expect, it } from 'vitest'
import { RDONLY, WRITE, isDirty, isValidCont, wrprotect } from '../arch/descriptor'
import { fixture, unfoldSilently, type Fixture } from '../check/fixture'
import { COUNTER_INDEX, COUNTER_NAMES, type CounterName } from '../trace/counters'
import { forkMm } from './fork'
import type { Mm } from './mm'
import { findSlot } from './walk'
import { dontneed } from './zap'

const C = 16
const ENTRIES_PER_TABLE = 512

type Counts = Partial<Record<CounterName, number>>

interface ForkResult {
  readonly parent: Counts
  readonly child: Counts
  readonly childMm: Mm
  readonly batches: readonly number[]
}

/** Forks entry by entry; `fork-uniform.test.ts` holds the hot loop to this way. */
function fork(f: Fixture): ForkResult {
  f.spent()
  const log = { batches: [] as number[], limit: 1000 }
  f.world.forkLog = log
  f.world.fastPaths = false
  const childMm = forkMm(f.world, f.mm, 2)
  const spent = f.spent()
  const named = (of: (name: CounterName) => number) =>
    Object.fromEntries(COUNTER_NAMES.map((name) => [name, of(name)] as const).filter(([, n]) => n !== 0))
  return {
    parent: named(spent),
    child: named((name) => childMm.own[COUNTER_INDEX[name]]),
    childMm,
    batches: log.batches
  }
}

/**
 * Lock-break tests by the rule of section 1: at the top of every iteration but the first of a section,
 * once 32 points have come together. The table of section 7 rounds this to N/4 and Fo: it counts the
 * end of each section as one more test.
 */
function lockBreakTests(pages: number, batch: number): number {
  let tests = 0
  for (let section = 0; section < pages; section += ENTRIES_PER_TABLE) {
    const batches = Math.ceil(Math.min(ENTRIES_PER_TABLE, pages - section) / batch)
    const between = Math.max(1, Math.ceil(4 / batch))
    tests += Math.floor((batches - 1) / between)
  }
  return tests
}

/** Counts that no design changes, besides entries and flushes. */
function common(pages: number) {
  const sections = Math.ceil(pages / ENTRIES_PER_TABLE)
  return {
    parent: {
      fork: 1,
      progress: 8 * pages,
      lockSection: sections,
      tlbi: 1,
      tlbiAside1is: 1,
      dsbIshst: 1,
      dsbIsh: 1
    },
    // Root, two upper tables, and the last-level ones.
    child: { tableAlloc: 3 + sections, mapcount: pages, rss: pages, exclusiveClear: pages }
  }
}

const withoutZeroes = (counts: Counts) =>
  Object.fromEntries(Object.entries(counts).filter(([, n]) => n !== 0))

const CASES = [16, 512, 262144].flatMap((pages) =>
  [0, 2, 4, 5, 9].filter((order) => 2 ** order <= pages).map((order) => ({ pages, order }))
)

describe('fork without contiguous PTEs', () => {
  it.each(CASES)(
    '$pages pages in order-$order folios: 3 reads, 1 cas, 1 write a page',
    ({ pages, order }) => {
      const { parent, child } = fork(fixture({ kernel: 'no-contpte', pages, order }))
      const base = common(pages)
      expect(parent).toEqual(
        withoutZeroes({
          ...base.parent,
          read: 3 * pages,
          cas: pages,
          forkBatch: pages,
          lockBreakTest: lockBreakTests(pages, 1)
        })
      )
      expect(child).toEqual({ ...base.child, write: pages, folioRef: pages })
    }
  )
})

describe('fork PTE by PTE on the contpte layer', () => {
  it.each(CASES)('$pages pages in order-$order folios', ({ pages, order }) => {
    const { parent, child } = fork(fixture({ kernel: 'contpte-unbatched', pages, order }))
    const base = common(pages)
    const blocks = order >= 4 ? pages / C : 0
    expect(parent).toEqual(
      withoutZeroes({
        ...base.parent,
        read: blocks > 0 ? blocks * (2 * (1 + C) + 3 + 5 * (C - 1) + C) : 5 * pages,
        cas: pages,
        unfold: blocks,
        fold: blocks,
        xchg: 2 * blocks * C,
        write: 2 * blocks * C,
        tlbi: 1 + 2 * blocks * C,
        tlbiVale1is: 2 * blocks * C,
        dsbIshst: 1 + 2 * blocks,
        dsbIsh: 1 + 2 * blocks,
        forkBatch: pages,
        lockBreakTest: lockBreakTests(pages, 1)
      })
    )
    expect(child).toEqual(
      withoutZeroes({
        ...base.child,
        folioRef: pages,
        read: pages + blocks * C,
        write: pages + blocks * C,
        xchg: blocks * C,
        fold: blocks,
        tlbi: blocks * C,
        tlbiVale1is: blocks * C,
        dsbIshst: blocks,
        dsbIsh: blocks
      })
    )
  })

  it('folds a parent that was foldable but not folded', () => {
    const f = fixture({ kernel: 'contpte-unbatched', pages: 512, order: 4 })
    unfoldSilently(f, 512)
    const { parent } = fork(f)
    expect(parent).toMatchObject({
      read: 5 * 512 + 32 * C,
      fold: 32,
      xchg: 512,
      write: 512,
      tlbiVale1is: 512
    })
    expect(parent.unfold).toBeUndefined()
  })
})

describe('fork in the batches of v2', () => {
  it.each(CASES)('$pages pages in order-$order folios', ({ pages, order }) => {
    const { parent, child } = fork(fixture({ kernel: 'contpte-v2', pages, order }))
    const base = common(pages)
    const folios = pages / 2 ** order
    const blocks = order >= 4 ? pages / C : 0
    const gather = blocks > 0 ? 1 + C : 1
    // Pieces smaller than a block are read before and after write-protecting (example E2).
    const partial = blocks > 0 ? 0 : 2 * folios
    const childRead = blocks > 0 ? blocks * (1 + C) : order === 0 ? pages : 2 * folios
    expect(parent).toEqual(
      withoutZeroes({
        ...base.parent,
        read: (pages + folios) * gather + pages + partial,
        cas: pages,
        forkBatch: folios,
        lockBreakTest: lockBreakTests(pages, 2 ** order)
      })
    )
    expect(child).toEqual({ ...base.child, folioRef: folios, read: childRead, write: pages })
  })

  it('reads each entry of an unfolded large folio twice and each folio once more', () => {
    const f = fixture({ kernel: 'contpte-v2', pages: 512, order: 5 })
    unfoldSilently(f, 512)
    const { parent, childMm } = fork(f)
    expect(parent).toMatchObject({ read: 512 + 16 + 512, cas: 512 })
    expect(parent.fold).toBeUndefined()
    expect(isValidCont(f.world.tables.attr(findSlot(f.world, childMm, f.vma.start)))).toBe(true)
  })

  it('leaves both sides folded, without one TLBI before the last', () => {
    const f = fixture({ kernel: 'contpte-v2', pages: 16, order: 4 })
    const { childMm } = fork(f)
    for (let page = 0; page < 16; page++) {
      const parent = f.world.tables.attr(f.slot(page))
      const child = f.world.tables.attr(findSlot(f.world, childMm, f.vma.start + page))
      expect([isValidCont(parent), isValidCont(child)]).toEqual([true, true])
      expect([(parent | child) & WRITE, parent & child & RDONLY]).toEqual([0, RDONLY])
    }
  })
})

describe('worked examples', () => {
  it.each([
    {
      kernel: 'contpte-unbatched',
      parent: [128, 16, 32, 32],
      child: [32, 16, 32],
      tlbi: 48,
      dsb: 3,
      refs: 16
    },
    { kernel: 'contpte-v2', parent: [305, 16, 0, 0], child: [17, 0, 16], tlbi: 0, dsb: 0, refs: 1 }
  ])('E1, one folded folio at the end of a VMA: $kernel', ({ kernel, ...figures }) => {
    const { parent, child } = fork(fixture({ kernel, pages: 16, order: 4 }))
    const of = (counts: Counts, ...names: CounterName[]) => names.map((name) => counts[name] ?? 0)
    expect(of(parent, 'read', 'cas', 'xchg', 'write')).toEqual(figures.parent)
    expect(of(child, 'read', 'xchg', 'write')).toEqual(figures.child)
    const flushes = (parent.tlbiVale1is ?? 0) + (child.tlbiVale1is ?? 0)
    expect(flushes).toBe(figures.tlbi)
    expect((parent.dsbIsh ?? 0) - 1 + (child.dsbIsh ?? 0)).toBe(figures.dsb)
    expect((parent.dsbIshst ?? 0) - 1 + (child.dsbIshst ?? 0)).toBe(figures.dsb)
    expect(of(child, 'folioRef', 'mapcount', 'rss')).toEqual([figures.refs, 16, 16])
  })

  it('E1 with range TLBI: one instruction a convert', () => {
    const cpu = { hafdbs: true, tlbRange: true, kpti: false, repeatTlbi: false }
    const { parent, child } = fork(fixture({ kernel: 'contpte-unbatched', pages: 16, order: 4, cpu }))
    expect((parent.tlbiRvale1is ?? 0) + (child.tlbiRvale1is ?? 0)).toBe(3)
    expect(parent.tlbiVale1is ?? child.tlbiVale1is).toBeUndefined()
  })

  it('E2, page 5 of 16 gone: batches of 5 and 10, the hole between', () => {
    const f = fixture({ kernel: 'contpte-v2', pages: 16, order: 4 })
    dontneed(f.world, f.mm, f.vma.start + 5, f.vma.start + 6)
    const { parent, child, batches } = fork(f)
    expect(batches).toEqual([5, 10])
    expect(parent.progress).toBe(121)
    expect(parent).toMatchObject({ read: 19 + (1 + 5 + 1) + (1 + 10 + 1 + 6), cas: 15, lockBreakTest: 1 })
    expect(parent.fold ?? parent.unfold).toBeUndefined()
    expect(child).toMatchObject({ read: 2 + 2, write: 15, folioRef: 2, mapcount: 15 })
    expect(child.fold).toBeUndefined()
  })

  it('E4, 32-page folio, pages 0-7 writable and 8-31 not: batches of 8 and 24', () => {
    const f = fixture({ kernel: 'contpte-v2', pages: 32, order: 5 })
    unfoldSilently(f, 32)
    const { tables } = f.world
    for (let page = 8; page < 32; page++) {
      tables.set(f.slot(page), wrprotect(tables.attr(f.slot(page))), tables.pfn(f.slot(page)))
    }
    const { parent, childMm, batches } = fork(f)
    expect(batches).toEqual([8, 24])
    expect(parent.cas).toBe(8)
    const child = Array.from({ length: 32 }, (_, page) =>
      tables.attr(findSlot(f.world, childMm, f.vma.start + page))
    )
    const parents = Array.from({ length: 32 }, (_, page) => tables.attr(f.slot(page)))
    expect([...child, ...parents].every((attr) => (attr & WRITE) === 0)).toBe(true)
    expect(child.map(isValidCont)).toEqual(child.map((_, page) => page >= 16))
    expect(parents.some(isValidCont)).toBe(false)
  })

  it('takes dirty from the first entry of a batch, whatever the others say: the mistake of v2', () => {
    const f = fixture({ kernel: 'contpte-v2', pages: 16, order: 4 })
    unfoldSilently(f, 16)
    const { tables } = f.world
    const clean = (page: number) => {
      const attr = tables.attr(f.slot(page))
      tables.set(f.slot(page), (attr & ~(1 << 17)) | RDONLY, tables.pfn(f.slot(page)))
    }
    clean(0)
    const { childMm, batches } = fork(f)
    expect(batches).toEqual([16])
    const child = tables.attr(findSlot(f.world, childMm, f.vma.start + 7))
    expect(isDirty(child)).toBe(false)
  })
})

describe('the frame of fork', () => {
  it('passes over a VMA in which nothing anonymous was faulted in', () => {
    const f = fixture({ kernel: 'contpte-v2', pages: 16, order: 4 })
    f.vma.anonVma = 0
    const { parent, child, childMm } = fork(f)
    expect(parent).toEqual({ fork: 1, tlbi: 1, tlbiAside1is: 1, dsbIshst: 1, dsbIsh: 1 })
    expect(child).toEqual({ tableAlloc: 1 })
    expect(childMm.vmas).toHaveLength(1)
  })

  it('write-protects nothing the second time', () => {
    const f = fixture({ kernel: 'contpte-v2', pages: 512, order: 4 })
    fork(f)
    const { parent } = fork(f)
    expect(parent.cas).toBeUndefined()
    expect(parent.read).toBe((512 + 32) * (1 + C))
  })

  it('asks about the lock after 32 empty entries', () => {
    const f = fixture({ kernel: 'contpte-v2', pages: 64, order: -1 })
    f.slot(0)
    const { parent } = fork(f)
    expect(parent).toMatchObject({ progress: 64, lockBreakTest: 1, read: 64 })
  })
})

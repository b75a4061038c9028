/** Worked examples of the reference, fork.md section 8 (E2 to E7), in every granule: C stands for its 16. */
import { describe, expect, it } from 'vitest'
import {
  CONT,
  DIRTY,
  PAGE_READONLY,
  PROT_NONE,
  RDONLY,
  USER,
  VALID,
  WRITE,
  isValidCont,
  mkdirty,
  mkwrite,
  wrprotect
} from '../../src/engine/arch/descriptor'
import { checkWorld } from '../../src/engine/check'
import { fixture, unfoldSilently, type Fixture } from '../../src/engine/check/fixture'
import { EXCLUSIVE } from '../../src/engine/mm/folio'
import { forkMm } from '../../src/engine/mm/fork'
import { pinUserPages } from '../../src/engine/mm/gup'
import { VM_SHARED, type Mm } from '../../src/engine/mm/mm'
import { findSlot } from '../../src/engine/mm/walk'
import { dontneed } from '../../src/engine/mm/zap'
import { COUNTER_NAMES, type CounterName } from '../../src/engine/trace/counters'
import { GRANULES } from './shape'

type Counts = Partial<Record<CounterName, number>>

const PER_PTE = ['no-contpte', 'linux-6.1', 'linux-6.8', 'contpte-unbatched']
const POSTED = ['contpte-v2', 'contpte-v3']
const UPSTREAM = ['linux-6.9', 'linux-6.10', 'linux-6.11', 'linux-6.12.0', 'linux-6.12']
const BATCHING = [...POSTED, ...UPSTREAM]
const FAST = [true, false]

/** Cases of kernels, in all granules, by the hot loops and entry by entry. */
function cases(kernels: readonly string[]) {
  return kernels.flatMap((kernel) =>
    (['4K', '16K', '64K'] as const).flatMap((granule) =>
      FAST.map((fast) => ({ kernel, granule, fast, c: GRANULES[granule].c }))
    )
  )
}
type Case = ReturnType<typeof cases>[number]

/** One folio of `blocks` blocks at the end of its VMA. */
function scene({ kernel, granule, fast, c }: Case, blocks = 1, unfolded = false): Fixture {
  const pages = blocks * c
  const f = fixture({ kernel, granule, pages, order: Math.log2(pages), memoryBytes: 2 ** 31 })
  f.world.fastPaths = fast
  if (unfolded) unfoldSilently(f, pages)
  return f
}

function change(f: Fixture, from: number, to: number, how: (attr: number) => number): void {
  const { tables } = f.world
  for (let page = from; page < to; page++) {
    tables.set(f.slot(page), how(tables.attr(f.slot(page))), tables.pfn(f.slot(page)))
  }
}

/** Forks: what either side counted, and the batches. */
function forked(f: Fixture): { parent: Counts; child: Counts; mm: Mm; batches: readonly number[] } {
  const batches: number[] = []
  f.world.forkLog = { batches, limit: 10_000 }
  f.spent()
  const mm = forkMm(f.world, f.mm, 2)
  const spent = f.spent()
  const all = (of: (name: CounterName, i: number) => number): Counts =>
    Object.fromEntries(COUNTER_NAMES.map((name, i) => [name, of(name, i)] as const))
  return { parent: all(spent), child: all((_, i) => mm.own[i]), mm, batches }
}

const attrs = (f: Fixture, mm: Mm, pages: number): number[] =>
  Array.from({ length: pages }, (_, page) => f.world.tables.attr(findSlot(f.world, mm, f.vma.start + page)))
const conts = (f: Fixture, mm: Mm, pages: number): boolean[] => attrs(f, mm, pages).map(isValidCont)

describe('E2: page 5 gone', () => {
  const holed = (of: Case): Fixture => {
    const f = scene(of)
    dontneed(f.world, f.mm, f.vma.start + 5, f.vma.start + 6)
    return f
  }

  it.each(cases(UPSTREAM))('$kernel, $granule, hot loops $fast', (of) => {
    const { c } = of
    const f = holed(of)
    const { parent, child, mm, batches } = forked(f)
    expect(batches).toEqual([5, c - 6])
    expect(parent).toMatchObject({
      read: 1 + 5 + 1 + 1 + (c - 7) + (2 + 5) + (1 + c - 6),
      cas: c - 1,
      unfold: 0,
      fold: 0,
      progress: 40 + 1 + 8 * (c - 6),
      lockBreakTest: 1
    })
    const total = of.kernel === 'linux-6.9' ? 0 : 2
    expect(child).toMatchObject({ read: 0, write: c - 1, folioRef: 2, mapcount: c - 1 + total, rss: 2 })
    expect(conts(f, mm, c)).not.toContain(true)
    expect(checkWorld(f.world)).toBeUndefined()
  })

  it.each(cases(POSTED))('$kernel, $granule, hot loops $fast', (of) => {
    const { c } = of
    const { parent, child, batches } = forked(holed(of))
    expect(batches).toEqual([5, c - 6])
    expect(parent).toMatchObject({
      read: 2 + 4 + 1 + 1 + 2 + (c - 7) + (1 + 5 + 1) + (1 + (c - 6) + 1 + 6),
      cas: c - 1,
      fold: 0,
      progress: 40 + 1 + 8 * (c - 6),
      lockBreakTest: 1
    })
    expect(child).toMatchObject({
      read: 2 + 2,
      write: c - 1,
      folioRef: 2,
      mapcount: c - 1,
      rss: c - 1,
      fold: 0
    })
  })

  it.each(cases(PER_PTE))('$kernel, $granule, hot loops $fast', (of) => {
    const { kernel, c } = of
    const { parent, child } = forked(holed(of))
    const layer = kernel === 'contpte-unbatched'
    // On the contpte layer the last page is a fold try that stops at the hole, on both sides.
    const each = layer ? 5 : kernel === 'linux-6.1' ? 4 : 3
    expect(parent).toMatchObject({ read: each * (c - 1) + 1 + (layer ? 6 : 0), cas: c - 1, fold: 0 })
    // Tests at page 4, then at 9, for the hole adds 1 of 32, then at every fourth.
    expect(parent.lockBreakTest).toBe(1 + Math.floor((c - 1 - 9) / 4) + 1)
    expect(child).toMatchObject({ read: layer ? c - 1 + 6 : 0, write: c - 1, folioRef: c - 1, fold: 0 })
  })
})

describe('E3: the locks are dropped before index 5, and the block is whole when fork comes back', () => {
  it.each(cases(UPSTREAM).filter(({ fast }) => !fast))('$kernel, $granule', ({ kernel, granule, c }) => {
    const lead = Math.ceil(27 / c) * c
    const base = 2 ** 30 / (granule === '4K' ? 4096 : granule === '16K' ? 16384 : 65536)
    const f = fixture({
      kernel,
      granule,
      pages: 27 + c,
      order: -1,
      vpn: base + lead - 27,
      memoryBytes: 2 ** 31
    })
    const { world, mm } = f
    const { folios, ops } = world
    const pfn = folios.alloc(Math.log2(c))
    const attr = mkdirty(mkwrite(PAGE_READONLY))
    folios.addRefs(pfn, c - 1)
    for (let i = 0; i < c; i++) folios.addWord(pfn + i, 1)
    mm.anonPages += c
    const at = f.slot(27)
    // Entries 5 and up are there first; the others come back while the locks are free.
    ops.setPtes(mm, at + 5, pfn + 5, attr, c - 5)
    world.contention = {
      wants: () => true,
      run: () => {
        for (let i = 0; i < c; i++) world.tables.set(at + i, attr | CONT, pfn + i)
      }
    }
    const { parent, child, mm: copy, batches } = forked(f)
    expect(batches).toEqual([c - 5])
    expect(parent).toMatchObject({
      read: 32 + (1 + c) + 1 + (c - 5),
      cas: c - 5,
      unfold: 1,
      xchg: c,
      write: c,
      tlbiVale1is: c,
      lockBreak: 1,
      lockSection: 2
    })
    expect(child).toMatchObject({ write: c - 5, read: 0 })
    expect([...conts(f, copy, 27 + c), ...conts(f, mm, 27 + c)]).not.toContain(true)
    expect(attrs(f, copy, 32).slice(27)).toEqual([0, 0, 0, 0, 0])
  })
})

describe('E4: a folio of two blocks, half of the first writable', () => {
  const mixed = (of: Case): Fixture => {
    const f = scene(of, 2, true)
    change(f, of.c / 2, 2 * of.c, wrprotect)
    return f
  }

  it.each(cases(['contpte-v2']))('$kernel, $granule, hot loops $fast: two batches', (of) => {
    const { c } = of
    const f = mixed(of)
    const { parent, mm, batches } = forked(f)
    expect(batches).toEqual([c / 2, 2 * c - c / 2])
    expect([parent.cas, parent.fold]).toEqual([c / 2, 0])
    expect(conts(f, mm, 2 * c)).toEqual(Array.from({ length: 2 * c }, (_, page) => page >= c))
    expect(conts(f, f.mm, 2 * c)).not.toContain(true)
  })

  it.each(cases(['contpte-v3', ...UPSTREAM]))('$kernel, $granule, hot loops $fast: one batch', (of) => {
    const { c } = of
    const f = mixed(of)
    const { parent, mm, batches } = forked(f)
    expect([batches, parent.cas]).toEqual([[2 * c], 2 * c])
    expect(conts(f, mm, 2 * c)).not.toContain(false)
    expect(attrs(f, mm, 2 * c).some((attr) => (attr & WRITE) !== 0)).toBe(false)
  })

  it.each(cases(BATCHING))('$kernel, $granule, hot loops $fast: shared, nothing is write-protected', (of) => {
    const { kernel, c } = of
    const f = mixed(of)
    f.vma.flags |= VM_SHARED
    const before = attrs(f, f.mm, 2 * c)
    const { parent, mm, batches } = forked(f)
    expect([parent.cas, attrs(f, f.mm, 2 * c)]).toEqual([0, before])
    expect(batches).toEqual(kernel === 'contpte-v2' ? [c / 2, 2 * c - c / 2] : [2 * c])
    // v2 keeps each batch as it is; v3 makes a mixed one read-only; 6.9 and later make it writable.
    const writable = attrs(f, mm, 2 * c).map((attr) => (attr & WRITE) !== 0)
    const upTo = kernel === 'contpte-v2' ? c / 2 : kernel === 'contpte-v3' ? 0 : 2 * c
    expect(writable).toEqual(writable.map((_, page) => page < upTo))
  })
})

describe('E5: page 3 clean, the others dirty', () => {
  it.each(cases(BATCHING))('$kernel, $granule, hot loops $fast', (of) => {
    const { kernel, c } = of
    const dirty = (shared: boolean): readonly number[] => {
      const f = scene(of, 1, true)
      if (shared) f.vma.flags |= VM_SHARED
      change(f, 3, 4, (attr) => (attr & ~DIRTY) | RDONLY)
      return forked(f).batches
    }
    expect(dirty(false)).toEqual(UPSTREAM.includes(kernel) ? [3, 1, c - 4] : [c])
    expect(dirty(true)).toEqual([c])
  })
})

describe('E6: no access to the first half', () => {
  it.each(cases(BATCHING))('$kernel, $granule, hot loops $fast', (of) => {
    const { c } = of
    const f = scene(of, 1, true)
    change(f, 0, c / 2, (attr) => (attr & ~(VALID | USER)) | PROT_NONE)
    expect(forked(f).batches).toEqual([c / 2, c / 2])
  })
})

describe('E7: a pinned folio, all of it exclusive', () => {
  it.each(cases(UPSTREAM))(
    '$kernel, $granule, hot loops $fast: three gathers a page, a lock cycle each',
    (of) => {
      const { c } = of
      const f = scene(of)
      pinUserPages(f.world, f.mm, f.vma.start + 3, 1, { write: true, longterm: true })
      const before = attrs(f, f.mm, c)
      const { parent, child, mm } = forked(f)
      expect(parent).toMatchObject({ read: 3 * c * (1 + c), cas: 0, unfold: 0, lockSection: c + 1 })
      expect(child).toMatchObject({ read: c, write: c, pageCopy: c, rss: c, mapcount: 0 })
      expect(attrs(f, f.mm, c)).toEqual(before)
      expect(conts(f, mm, c)).not.toContain(true)
      expect(checkWorld(f.world)).toBeUndefined()
    }
  )
})

describe('a pinned folio, all of it exclusive, in designs without batches or that stop inside one', () => {
  it.each(cases([...PER_PTE, ...POSTED]))(
    '$kernel, $granule, hot loops $fast: a copy and a lock cycle a page',
    (of) => {
      const { c } = of
      const f = scene(of)
      pinUserPages(f.world, f.mm, f.vma.start + 3, 1, { write: true, longterm: true })
      const before = attrs(f, f.mm, c)
      const { parent, child, mm, batches } = forked(f)
      expect(batches).toEqual(Array.from({ length: c }, () => 1))
      expect(parent).toMatchObject({ cas: 0, xchg: 0, write: 0, unfold: 0, lockSection: c + 1 })
      expect(child).toMatchObject({ write: c, pageCopy: c, rss: c, mapcount: 0, fold: 0 })
      expect(attrs(f, f.mm, c)).toEqual(before)
      expect(conts(f, mm, c)).not.toContain(true)
      expect(checkWorld(f.world)).toBeUndefined()
    }
  )
})

describe('a pinned folio whose first half is shared already (section 6, P4 to P6)', () => {
  const halfShared = (of: Case): Fixture => {
    const f = scene(of)
    pinUserPages(f.world, f.mm, f.vma.start + of.c - 1, 1, { write: true, longterm: true })
    const pfn = f.world.tables.pfn(f.slot(0))
    for (let page = 0; page < of.c / 2; page++) f.world.folios.addWord(pfn + page, -EXCLUSIVE)
    return f
  }

  it.each(cases(POSTED))('$kernel, $granule, hot loops $fast: one short batch, then copies', (of) => {
    const { c } = of
    const f = halfShared(of)
    const { parent, child, batches } = forked(f)
    expect(batches).toEqual([c / 2, ...Array.from({ length: c / 2 }, () => 1)])
    expect(parent).toMatchObject({ unfold: 1, cas: c / 2, lockSection: 1 + c / 2 })
    expect(child).toMatchObject({ mapcount: c / 2, pageCopy: c / 2 })
  })

  it.each(cases(UPSTREAM))('$kernel, $granule, hot loops $fast: no batch, a lock cycle a page', (of) => {
    const { c } = of
    const f = halfShared(of)
    const { parent, child, batches } = forked(f)
    expect(batches).toEqual(Array.from({ length: c }, () => 1))
    expect(parent).toMatchObject({ unfold: 1, cas: c / 2, lockSection: 1 + c })
    expect(child.pageCopy).toBe(c / 2)
  })
})

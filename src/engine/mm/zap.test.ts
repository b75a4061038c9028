/** Figures: reference teardown.md sections 2, 4, 6 and 7, columns D0, D1, D2 and D4; 4K granule, C = 16. */
import { describe, expect, it } from 'vitest'
import { isValidCont } from '../arch/descriptor'
import { checkWorld } from '../check'
import { fixture, type Fixture, type FixtureOptions } from '../check/fixture'
import { COUNTER_NAMES } from '../trace/counters'
import { gatherCapacity } from './gather'
import { mlockRange } from './mlock'
import { anonymousVma } from './mm'
import { dontneed, exitMm, munmapRange } from './zap'

const C = 16
const PAGES = 512
const BLOCKS = PAGES / C

function setup(kernel: string, options: Partial<FixtureOptions> = {}) {
  return fixture({ kernel, pages: PAGES, order: 4, ...options })
}

function cost(f: Fixture, body: () => void) {
  f.spent()
  body()
  const spent = f.spent()
  return Object.fromEntries(
    COUNTER_NAMES.map((name) => [name, spent(name)] as const).filter(([, n]) => n !== 0)
  )
}

describe('exit of one 2 MiB region of folded 64 KiB folios (Z1)', () => {
  const common = {
    zapBatch: PAGES,
    mapcount: PAGES,
    rss: PAGES,
    folioRef: PAGES,
    tableFree: 4,
    tlbiAside1is: 1
  }

  it('D0, no contpte: one read and one exchange a page, one TLBI at the end', () => {
    const f = setup('no-contpte')
    expect(cost(f, () => exitMm(f.world, f.mm))).toEqual({
      ...common,
      read: 512,
      xchg: 512,
      tlbi: 1,
      dsbIshst: 1,
      dsbIsh: 1
    })
  })

  it('D1, unfold first: each block converts', () => {
    const f = setup('contpte-unbatched')
    expect(cost(f, () => exitMm(f.world, f.mm))).toEqual({
      ...common,
      read: BLOCKS * 3 * C,
      xchg: PAGES + BLOCKS * C,
      write: BLOCKS * C,
      unfold: BLOCKS,
      tlbi: 512 + 1,
      tlbiVale1is: 512,
      dsbIshst: BLOCKS + 1,
      dsbIsh: BLOCKS + 1
    })
  })

  it('D2, v2 14/14: no unfold, every entry gathers its block', () => {
    const f = setup('contpte-v2')
    expect(cost(f, () => exitMm(f.world, f.mm))).toEqual({
      ...common,
      read: 512 * (1 + C) + 512,
      xchg: 512,
      tlbi: 1,
      dsbIshst: 1,
      dsbIsh: 1
    })
  })

  it('D2r, robust: every clear reads its block, and leaves what it found in the last entry', () => {
    const f = setup('contpte-v2-robust')
    expect(cost(f, () => exitMm(f.world, f.mm))).toEqual({
      ...common,
      read: 512 * (1 + C) + 512 * (1 + C),
      xchg: 512,
      cas: BLOCKS * (C - 1),
      tlbi: 1,
      dsbIshst: 1,
      dsbIsh: 1
    })
  })

  it('D5, folio by folio: no unfold, but a flush of each folio, under exit too', () => {
    const f = setup('contpte-flush-folio')
    expect(cost(f, () => exitMm(f.world, f.mm))).toEqual({
      ...common,
      zapBatch: BLOCKS,
      // The first entry, then each other one to see that the folio is mapped whole.
      read: 512 * (1 + C),
      xchg: 512,
      tlbi: 512 + 1,
      tlbiVale1is: 512,
      dsbIshst: BLOCKS + 1,
      dsbIsh: BLOCKS + 1
    })
  })

  it.each([
    ['linux-6.12', 17 * BLOCKS],
    // One more folded block is peeked at for each folio that does not end the range.
    ['linux-6.12.0', 17 * BLOCKS + 17 * (BLOCKS - 1)]
  ])('D4, %s: one batch, one slot and one drop a folio', (kernel, read) => {
    const f = setup(kernel)
    expect(cost(f, () => exitMm(f.world, f.mm))).toEqual({
      read,
      xchg: PAGES,
      zapBatch: BLOCKS,
      mapcount: PAGES + BLOCKS,
      rss: BLOCKS,
      folioRef: BLOCKS,
      tableFree: 4,
      tlbi: 1,
      tlbiAside1is: 1,
      dsbIshst: 1,
      dsbIsh: 1
    })
  })

  it.each([
    'linux-6.1',
    'no-contpte',
    'contpte-unbatched',
    'contpte-v2',
    'contpte-v2-robust',
    'contpte-flush-folio',
    'contpte-v3',
    'linux-6.9',
    'linux-6.12'
  ])('%s leaves nothing behind', (kernel) => {
    const f = setup(kernel)
    const { freePages } = fixture({ kernel, pages: PAGES, order: -1 }).world.folios.buddy
    exitMm(f.world, f.mm)
    expect(f.world.folios.buddy.freePages).toBe(freePages)
    expect(f.world.tables.state[2]).toBe(0)
    expect(checkWorld(f.world)).toBeUndefined()
  })
})

describe('a partial clear of a folded block', () => {
  it('MADV_DONTNEED of page 5: one convert, then one page flush (Z3 in design D1)', () => {
    const f = setup('contpte-v2')
    const page = f.vma.start + 5
    expect(cost(f, () => dontneed(f.world, f.mm, page, page + 1))).toMatchObject({
      read: 1 + C + 1,
      xchg: C + 1,
      write: C,
      unfold: 1,
      tlbi: C + 1,
      tlbiVale1is: C + 1,
      dsbIshst: 2,
      dsbIsh: 2
    })
    const conts = Array.from({ length: 32 }, (_, i) => isValidCont(f.world.tables.attr(f.slot(i))))
    expect(conts).toEqual(conts.map((_, i) => i >= 16))
    expect(checkWorld(f.world)).toBeUndefined()
  })

  it('D5 falls back to one entry at a time where pages of the folio are missing', () => {
    const f = setup('contpte-flush-folio')
    dontneed(f.world, f.mm, f.vma.start + 5, f.vma.start + 6)
    const spent = cost(f, () => dontneed(f.world, f.mm, f.vma.start, f.vma.start + 16))
    expect(spent).toMatchObject({ zapBatch: 15, xchg: 15, tlbiVale1is: 16, dsbIsh: 1 })
    expect(spent.unfold).toBeUndefined()
    expect(checkWorld(f.world)).toBeUndefined()
  })

  it.each([2, 7, 15])('%i pages: R (1 + C) + 1 + 2(j - 1), X C + j', (j) => {
    const f = setup('contpte-unbatched')
    expect(cost(f, () => dontneed(f.world, f.mm, f.vma.start, f.vma.start + j))).toMatchObject({
      read: 1 + C + 1 + 2 * (j - 1),
      xchg: C + j,
      write: C,
      unfold: 1,
      tlbi: C + j
    })
  })

  it('D4: DONTNEED of page 5 (Z3): R 17 + 1, X 17, W 16, 16 + 1 TLBI', () => {
    const f = setup('linux-6.12')
    expect(cost(f, () => dontneed(f.world, f.mm, f.vma.start + 5, f.vma.start + 6))).toMatchObject({
      read: 18,
      xchg: 17,
      write: 16,
      unfold: 1,
      tlbi: 17,
      dsbIshst: 2,
      dsbIsh: 2
    })
  })

  it('D4: pages 4 to 19 of a 32-page folio (Z4): one batch, two converts', () => {
    const f = setup('linux-6.12', { order: 5 })
    expect(cost(f, () => dontneed(f.world, f.mm, f.vma.start + 4, f.vma.start + 20))).toMatchObject({
      // 17 for the first entry, 17 for the second block behind the hint, 2 by the partial unfold.
      read: 17 + 17 + 2,
      xchg: 32 + 16,
      write: 32,
      unfold: 2,
      zapBatch: 1,
      folioRef: 1,
      tlbi: 32 + 16
    })
    const conts = Array.from({ length: 64 }, (_, i) => isValidCont(f.world.tables.attr(f.slot(i))))
    expect(conts).toEqual(conts.map((_, i) => i >= 32))
    expect(checkWorld(f.world)).toBeUndefined()
  })

  it('D3: the batch of v3 unfolds no block that goes whole', () => {
    const f = setup('contpte-v3')
    const spent = cost(f, () => exitMm(f.world, f.mm))
    expect(spent).toMatchObject({ xchg: PAGES, mapcount: PAGES, rss: PAGES, folioRef: PAGES, tlbi: 1 })
    expect(spent.unfold).toBeUndefined()
  })

  it('keeps the folio while pages of it are mapped, and frees it with the last', () => {
    const f = setup('contpte-v2')
    const pfn = f.world.tables.pfn(f.slot(0))
    dontneed(f.world, f.mm, f.vma.start, f.vma.start + 15)
    expect(f.world.folios.refcount(pfn)).toBe(1)
    const spent = cost(f, () => dontneed(f.world, f.mm, f.vma.start + 15, f.vma.start + 16))
    expect(spent.folioRef).toBe(1)
    expect(f.world.folios.word(pfn)).toBe(0)
  })
})

describe('flushes of a range', () => {
  it('munmap of 2 MiB, no range TLBI: the ASID, then one VAE1IS for its table (Z2)', () => {
    const f = setup('no-contpte')
    f.mm.insertVma(anonymousVma(f.vma.end + 512, f.vma.end + 513, f.vma.flags))
    expect(cost(f, () => munmapRange(f.world, f.mm, f.vma.start, f.vma.end))).toMatchObject({
      tlbi: 2,
      tlbiAside1is: 1,
      tlbiVae1is: 1,
      tableFree: 1,
      dsbIsh: 2
    })
  })

  it('keeps a table that another VMA of its 2 MiB may need', () => {
    const f = setup('no-contpte')
    const spent = cost(f, () => munmapRange(f.world, f.mm, f.vma.start, f.vma.start + 256))
    expect(spent).toMatchObject({ tlbi: 256, tlbiVale1is: 256, dsbIsh: 1 })
    expect(spent.tableFree).toBeUndefined()
    expect(f.mm.vmas).toMatchObject([{ start: f.vma.start + 256, end: f.vma.start + 512 }])
  })

  it('flushes the hull of a sparse zap, not the sum', () => {
    const f = setup('no-contpte')
    for (let page = 2; page < 99; page++) dontneed(f.world, f.mm, f.vma.start + page, f.vma.start + page + 1)
    expect(cost(f, () => dontneed(f.world, f.mm, f.vma.start, f.vma.start + 100))).toMatchObject({
      zapBatch: 3,
      tlbi: 100,
      tlbiVale1is: 100
    })
  })

  it('reads empty entries but flushes nothing where nothing was', () => {
    const f = setup('contpte-v2', { order: -1 })
    f.slot(0)
    expect(cost(f, () => dontneed(f.world, f.mm, f.vma.start, f.vma.start + 100))).toEqual({ read: 100 })
  })
})

describe('a full gather', () => {
  it('holds 9698 pages of 4K', () => {
    expect([4096, 16384, 65536].map(gatherCapacity)).toEqual([9698, 8 + 4 * 2046, 8 + 8190])
  })

  it('flushes and frees in the middle of munmap', () => {
    const f = setup('no-contpte', { pages: 20480 })
    // Hulls: 9698 and 9698 pages, then the rest; the first two exceed a table and take the ASID.
    const rest = 20480 - 2 * 9698
    expect(cost(f, () => munmapRange(f.world, f.mm, f.vma.start, f.vma.end))).toMatchObject({
      tlbiAside1is: 3,
      folioRef: 20480,
      // The PMD table goes too; the one above also maps the program.
      tableFree: 40 + 1,
      tlbiVae1is: 40
    })
    expect(rest).toBeGreaterThanOrEqual(512)
    expect(checkWorld(f.world)).toBeUndefined()
  })

  // teardown.md Z6: 9698 = 606 * 16 + 2.
  it.each(['contpte-v2', 'contpte-v2-robust'])(
    '%s: fills at index 2 of a block, flushes nothing',
    (kernel) => {
      const f = setup(kernel, { pages: 20480 })
      const { world } = f
      const block = f.slot(606 * C)
      const pfn = world.tables.pfn(block)
      let seen: unknown
      world.folios.observer = {
        freed: () => {
          seen ??= {
            conts: Array.from({ length: C }, (_, i) => isValidCont(world.tables.attr(block + i))),
            next: isValidCont(world.tables.attr(block + C)),
            tlbi: world.counters.get('tlbi'),
            // Its pages 0 and 1 wait further back; then 14 mappings keep the folio from being anybody else's.
            held: world.folios.refcount(pfn),
            mapped: world.folios.totalMapcount(pfn)
          }
        }
      }
      const before = world.counters.get('tlbi')
      exitMm(world, f.mm)
      expect(seen).toEqual({
        conts: Array.from({ length: C }, (_, i) => i >= 2),
        next: true,
        tlbi: before,
        held: 16,
        mapped: 14
      })
      expect(world.folios.word(pfn)).toBe(0)
      expect(checkWorld(world)).toBeUndefined()
    }
  )

  it.each(['contpte-v3', 'linux-6.12', 'contpte-flush-folio'])(
    '%s: no page is freed while contiguous neighbours of its block are valid',
    (kernel) => {
      const f = setup(kernel, { pages: 20480 })
      const { tables } = f.world
      const slots = Array.from({ length: 20480 / C }, (_, block) => f.slot(block * C))
      let frees = 0
      let halves = 0
      f.world.folios.observer = {
        freed: () => {
          // Once a flush is enough: nothing is cleared while it frees.
          if (frees++ % 100 !== 0) return
          for (const slot of slots) {
            let valid = 0
            for (let i = 0; i < C; i++) if (isValidCont(tables.attr(slot + i))) valid++
            if (valid % C !== 0) halves++
          }
        }
      }
      munmapRange(f.world, f.mm, f.vma.start, f.vma.end)
      expect([frees, halves]).toEqual([20480 / C, 0])
    }
  )

  it('issues nothing in the middle of exit', () => {
    const f = setup('contpte-v2', { pages: 20480 })
    expect(cost(f, () => exitMm(f.world, f.mm))).toMatchObject({ tlbi: 1, tlbiAside1is: 1, dsbIsh: 1 })
  })
})

describe('MADV_DONTNEED', () => {
  it('of locked memory is EINVAL, and what lies before it has been given up', () => {
    const f = setup('linux-6.12')
    mlockRange(f.world, f.mm, f.vma.start + 16, f.vma.start + 32)
    expect(dontneed(f.world, f.mm, f.vma.start, f.vma.start + 64)).toBe('EINVAL')
    expect(f.mm.anonPages).toBe(PAGES - 16)
    expect(dontneed(f.world, f.mm, f.vma.start + 32, f.vma.start + 64)).toBeUndefined()
    expect(f.mm.anonPages).toBe(PAGES - 48)
    expect(checkWorld(f.world)).toBeUndefined()
  })
})

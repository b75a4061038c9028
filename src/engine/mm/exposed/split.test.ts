/** Figures: reference oneplus.md sections 5 and 6. Approximate ("~"): reads, 16 + 2..3. */
import { describe, expect, it } from 'vitest'
import { AF, CONT, DIRTY, RDONLY, SPECIAL, isDirty } from '../../arch/descriptor'
import type { Fixture } from '../../check/fixture'
import { FOLIO_DOUBLE_MAP, FOLIO_LOCKED } from '../folio'
import { forkMm } from '../fork'
import type { Mm } from '../mm'
import { findSlot } from '../walk'
import { blockOps } from './block'
import { blocks, costOf } from './fixture'
import { splitBlock } from './split'

const C = 16
const FLUSH = { tlbi: C, tlbiVae1is: C, dsbIshst: 1, dsbIsh: 1 }

const pfnOf = (f: Fixture, page = 0) => f.world.tables.pfn(f.slot(page))
const maps = (f: Fixture, pfn: number) =>
  Array.from({ length: C }, (_, i) => f.world.folios.mapcount(pfn + i))
const slotIn = (f: Fixture, mm: Mm, page: number) => findSlot(f.world, mm, f.vma.start + page)

describe('splitting a block', () => {
  it('costs 16 + 2 R~, 16 X, 16 W, one flush, 1 reference update and 17 of mapcounts', () => {
    const f = blocks(C)
    const pfn = pfnOf(f)
    expect(costOf(f, () => splitBlock(f.world, f.mm, f.slot(5)))).toEqual({
      read: 18,
      xchg: C,
      write: C,
      ...FLUSH,
      unfold: 1,
      folioRef: 1,
      mapcount: C + 1
    })
    const { folios, tables } = f.world
    expect([folios.refcount(pfn), folios.entireMapcount(pfn), maps(f, pfn)]).toEqual([C, 0, Array(C).fill(1)])
    for (let page = 0; page < C; page++) {
      expect([tables.attr(f.slot(page)) & CONT, tables.pfn(f.slot(page))]).toEqual([0, pfn + page])
    }
    expect(folios.flags(pfn) & FOLIO_DOUBLE_MAP).toBe(0)
  })

  it('does nothing to single entries: one read', () => {
    const f = blocks(C)
    splitBlock(f.world, f.mm, f.slot(0))
    expect(costOf(f, () => expect(splitBlock(f.world, f.mm, f.slot(0))).toBe(false))).toEqual({ read: 1 })
  })

  it('keeps access flag and dirty of each entry as they were read', () => {
    const f = blocks(C)
    const { tables } = f.world
    for (let page = 0; page < C; page++) {
      const attr = tables.attr(f.slot(page)) | RDONLY
      tables.set(f.slot(page), page === 3 ? attr : attr & ~(AF | DIRTY), pfnOf(f, page))
    }
    splitBlock(f.world, f.mm, f.slot(0))
    const found = Array.from({ length: C }, (_, page) => tables.attr(f.slot(page)))
    expect(found.map((attr) => [attr & AF, isDirty(attr)])).toEqual(
      Array.from({ length: C }, (_, page) => (page === 3 ? [AF, true] : [0, false]))
    )
  })

  it('loses what hardware records between reading the entries and clearing them', () => {
    const f = blocks(C)
    const { tables } = f.world
    const set = (page: number, change: (attr: number) => number) =>
      tables.set(f.slot(page), change(tables.attr(f.slot(page))), pfnOf(f, page))
    for (let page = 0; page < C; page++) set(page, (attr) => (attr & ~DIRTY) | RDONLY)
    f.world.probe = (what) => {
      if (what === 'split: entries read') set(9, (attr) => attr & ~RDONLY)
    }
    splitBlock(f.world, f.mm, f.slot(0))
    f.world.probe = undefined
    expect(isDirty(tables.attr(f.slot(9)))).toBe(false)
  })

  it('makes the huge zero page 16 special entries of the small one, without any folio', () => {
    const f = blocks(C, 'read')
    expect(costOf(f, () => splitBlock(f.world, f.mm, f.slot(0)))).toEqual({
      read: 2,
      xchg: C,
      write: C,
      ...FLUSH,
      unfold: 1
    })
    for (let page = 0; page < C; page++) {
      expect(f.world.tables.attr(f.slot(page)) & (SPECIAL | CONT)).toBe(SPECIAL)
      expect(pfnOf(f, page)).toBe(f.world.zeroPfn)
    }
  })

  it('drops the locks and looks again where somebody holds the page lock', () => {
    const f = blocks(C)
    const { folios } = f.world
    const pfn = pfnOf(f)
    folios.setFlags(pfn, FOLIO_LOCKED)
    f.world.probe = (what) => {
      if (what === 'page lock waited for') folios.setFlags(pfn, 0, FOLIO_LOCKED)
    }
    expect(costOf(f, () => splitBlock(f.world, f.mm, f.slot(0)))).toMatchObject({ read: 19, lockBreak: 1 })
    f.world.probe = undefined
  })

  it('gives up where the block was split while it waited for the page lock', () => {
    const f = blocks(C)
    const { folios } = f.world
    const pfn = pfnOf(f)
    folios.setFlags(pfn, FOLIO_LOCKED)
    f.world.probe = (what) => {
      if (what !== 'page lock waited for') return
      f.world.probe = undefined
      folios.setFlags(pfn, 0, FOLIO_LOCKED)
      splitBlock(f.world, f.mm, f.slot(0))
    }
    expect(splitBlock(f.world, f.mm, f.slot(0))).toBe(false)
    expect(folios.refcount(pfn)).toBe(C)
  })
})

describe('whole and single mappings of one folio (messages #27 and #30)', () => {
  it('a split while another process maps the block whole sets DoubleMap; its own split ends it', () => {
    const f = blocks(C)
    const { world } = f
    const { folios } = world
    const pfn = pfnOf(f)
    const child = forkMm(world, f.mm, 2)
    expect([folios.entireMapcount(pfn), folios.refcount(pfn)]).toEqual([2, 2])
    expect(costOf(f, () => splitBlock(world, f.mm, f.slot(0)))).toMatchObject({ mapcount: C + C + 1 })
    expect([folios.entireMapcount(pfn), maps(f, pfn)]).toEqual([1, Array(C).fill(2)])
    expect([folios.refcount(pfn), folios.blocks.doubleMapped]).toEqual([1 + C, 1])
    expect(folios.flags(pfn) & FOLIO_DOUBLE_MAP).toBe(FOLIO_DOUBLE_MAP)

    splitBlock(world, child, slotIn(f, child, 0))
    expect([folios.entireMapcount(pfn), maps(f, pfn)]).toEqual([0, Array(C).fill(2)])
    expect([folios.refcount(pfn), folios.blocks.doubleMapped]).toEqual([2 * C, 0])
    expect(folios.flags(pfn) & FOLIO_DOUBLE_MAP).toBe(0)
  })

  it('a third process that maps it whole adds no second DoubleMap', () => {
    const f = blocks(C)
    const { folios } = f.world
    const pfn = pfnOf(f)
    const first = forkMm(f.world, f.mm, 2)
    forkMm(f.world, f.mm, 3)
    splitBlock(f.world, f.mm, f.slot(0))
    splitBlock(f.world, first, slotIn(f, first, 0))
    expect([folios.entireMapcount(pfn), maps(f, pfn)]).toEqual([1, Array(C).fill(3)])
    expect(folios.refcount(pfn)).toBe(1 + 2 * C)
    expect(blockOps(f.world).readOnlyRun(f.mm, f.slot(0))).toBe(0)
  })
})

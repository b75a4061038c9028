/** Figures: reference oneplus.md section 8. Approximate ("~"): reads of the copy-on-write paths. */
import { describe, expect, it } from 'vitest'
import { AF, CONT, RDONLY, WRITE, isDirty, isValidCont } from '../../arch/descriptor'
import type { Fixture } from '../../check/fixture'
import { forkMm } from '../fork'
import { FOLIO_CONT } from '../folio'
import { findSlot } from '../walk'
import { blockOps } from './block'
import { handleFault } from '../fault'
import { blockAnonymousFault } from './fault'
import { blocks, costOf } from './fixture'

const C = 16
/** One fault; ahead of its own reads stand one without the lock and one under it. */
const FAULT = { fault: 1, faultWrite: 1 }
const FLUSH = { tlbi: C, tlbiVae1is: C, dsbIshst: 1, dsbIsh: 1 }

const touch = (f: Fixture, page: number, write: boolean) =>
  blockAnonymousFault(f.world, f.mm, f.vma, f.vma.start + page, write)
const attrs = (f: Fixture, from = 0) =>
  Array.from({ length: C }, (_, page) => f.world.tables.attr(f.slot(from + page)))

describe('a first touch in a marked VMA', () => {
  it('a store maps 64K: cleared, dirty, young, writable, contiguous; 32 W and a flush of nothing', () => {
    const f = blocks(2 * C, 'none')
    expect(costOf(f, () => expect(touch(f, 5, true)).toBe(true))).toEqual({
      read: 1 + C,
      write: 2 * C,
      ...FLUSH,
      pageClear: C,
      rss: 1
    })
    const pfn = f.world.tables.pfn(f.slot(0))
    for (const attr of attrs(f))
      expect([isValidCont(attr), attr & (AF | WRITE | RDONLY), isDirty(attr)]).toEqual([
        true,
        AF | WRITE,
        true
      ])
    const { folios } = f.world
    expect([
      folios.order(pfn),
      folios.refcount(pfn),
      folios.entireMapcount(pfn),
      folios.mapcount(pfn)
    ]).toEqual([4, 1, 1, 0])
    expect([f.mm.anonPages, folios.flags(pfn) & FOLIO_CONT, folios.blocks.inUse]).toEqual([C, FOLIO_CONT, 1])
  })

  it('a load maps the first 64K of the huge zero page: read-only, nothing resident', () => {
    const f = blocks(2 * C, 'none')
    // The first one allocates the page.
    touch(f, C, false)
    expect(costOf(f, () => expect(touch(f, 5, false)).toBe(true))).toEqual({
      read: 1 + C,
      write: 2 * C,
      ...FLUSH
    })
    expect(attrs(f).every((attr) => isValidCont(attr) && (attr & WRITE) === 0)).toBe(true)
    expect([f.world.tables.pfn(f.slot(15)), f.mm.anonPages]).toEqual([f.world.hugeZeroPfn + 15, 0])
  })

  it('is left to base pages where the block is not inside the VMA, or the VMA is not marked', () => {
    const f = blocks(C + 8, 'none')
    expect(touch(f, C, true)).toBe(false)
    f.vma.start += 4
    expect(blockAnonymousFault(f.world, f.mm, f.vma, f.vma.start, true)).toBe(false)
    const g = blocks(C, 'none')
    g.vma.flags &= ~(1 << 28)
    expect(touch(g, 0, true)).toBe(false)
  })

  it('is left to base pages where an entry is taken, after 64K were allocated, cleared and freed', () => {
    const f = blocks(C, 'none')
    f.world.tables.set(f.slot(3), RDONLY, 1)
    expect(costOf(f, () => expect(touch(f, 0, true)).toBe(false))).toEqual({ read: 1 + 4, pageClear: C })
    expect([f.world.folios.blocks.inUse, f.world.folios.buddy.freePages % C]).toEqual([0, 0])
  })

  it('is left to base pages where the pool is empty', () => {
    const f = blocks(2 * C, 'none')
    f.world.folios.blocks.limit = 1
    expect([touch(f, 0, true), touch(f, C, true)]).toEqual([true, false])
  })
})

describe('copy-on-write of a block', () => {
  function forked(fill: 'write' | 'read' = 'write') {
    const f = blocks(C, fill)
    const child = forkMm(f.world, f.mm, 2)
    f.spent()
    return { f, child, slot: findSlot(f.world, child, f.vma.start) }
  }

  it('copies all of it onto a new 64K folio: 32 W, one flush, resident set unchanged', () => {
    const { f } = forked()
    const { world } = f
    const old = world.tables.pfn(f.slot(0))
    const spent = costOf(f, () => handleFault(world, f.mm, f.vma.start + 7, true))
    expect(spent).toEqual({
      ...FAULT,
      read: 2 + C + 1 + C + 1 + C,
      write: 2 * C,
      ...FLUSH,
      pageCopy: C,
      cowCopy: 1,
      mapcount: 1,
      folioRef: 3
    })
    const pfn = world.tables.pfn(f.slot(0))
    expect(pfn).not.toBe(old)
    expect([world.folios.refcount(old), world.folios.entireMapcount(old), f.mm.anonPages]).toEqual([1, 1, C])
    expect([world.folios.refcount(pfn), world.folios.entireMapcount(pfn)]).toEqual([1, 1])
    expect(attrs(f).every((attr) => isValidCont(attr) && (attr & (WRITE | RDONLY)) === WRITE)).toBe(true)
  })

  it('reuses the folio where nobody else has it: 16 X without a flush, then set with one', () => {
    const { f, child, slot } = forked()
    handleFault(f.world, f.mm, f.vma.start + 7, true)
    const pfn = f.world.tables.pfn(slot)
    const before = child.own.slice()
    handleFault(f.world, child, f.vma.start + 3, true)
    const spent = child.own.map((value, i) => value - before[i])
    const g = blocks(C)
    blockOps(g.world).blockWrprotect(g.mm, g.slot(0))
    expect(costOf(g, () => handleFault(g.world, g.mm, g.vma.start + 7, true))).toEqual({
      ...FAULT,
      read: 2 + C + 1 + 2,
      xchg: C,
      write: 2 * C,
      ...FLUSH,
      cowReuse: 1
    })
    expect(spent.some((value) => value > 0)).toBe(true)
    expect([f.world.tables.pfn(slot), f.world.folios.refcount(pfn)]).toEqual([pfn, 1])
  })

  it('does not reuse what somebody holds', () => {
    const f = blocks(C)
    blockOps(f.world).blockWrprotect(f.mm, f.slot(0))
    const pfn = f.world.tables.pfn(f.slot(0))
    f.world.folios.addRefs(pfn, 1)
    handleFault(f.world, f.mm, f.vma.start + 0, true)
    expect(f.world.tables.pfn(f.slot(0))).not.toBe(pfn)
    expect(f.world.folios.refcount(pfn)).toBe(1)
  })

  it('of the huge zero page clears a new folio instead of copying; resident set + 16', () => {
    const { f } = forked('read')
    expect(costOf(f, () => handleFault(f.world, f.mm, f.vma.start + 7, true))).toEqual({
      ...FAULT,
      read: 2 + 1 + C,
      write: 2 * C,
      ...FLUSH,
      pageClear: C,
      rss: 1
    })
    expect(f.mm.anonPages).toBe(C)
  })

  it('falls back to 16 base pages without the pool: 16 page flushes; entries disagree meanwhile', () => {
    const { f } = forked()
    f.world.folios.blocks.limit = 1
    let mixed = 0
    f.world.probe = (what) => {
      const conts = attrs(f).filter(isValidCont).length
      if (what === 'copy of a block: entry stored' && conts > 0) mixed++
    }
    const spent = costOf(f, () => handleFault(f.world, f.mm, f.vma.start + 7, true))
    f.world.probe = undefined
    expect(spent).toMatchObject({ xchg: C, write: C, tlbi: C, tlbiVale1is: C, dsbIsh: C, pageCopy: C })
    expect(mixed).toBe(C - 1)
    expect(attrs(f).every((attr) => (attr & CONT) === 0 && (attr & WRITE) !== 0)).toBe(true)
    expect([f.mm.anonPages, f.world.folios.blocks.inUse]).toEqual([C, 1])
  })

  it('carries what the pages hold', () => {
    const { f, slot } = forked()
    const { folios, tables } = f.world
    folios.setContent(tables.pfn(f.slot(4)), 42)
    handleFault(f.world, f.mm, f.vma.start + 7, true)
    expect([folios.content(tables.pfn(f.slot(4))), folios.content(tables.pfn(slot + 4))]).toEqual([42, 42])
    expect(tables.pfn(f.slot(4))).not.toBe(tables.pfn(slot + 4))
  })
})

describe('without hardware updates', () => {
  it('one fault makes the whole block young; the next finds nothing to do', () => {
    const f = blocks(C)
    for (let page = 0; page < C; page++) {
      const slot = f.slot(page)
      f.world.tables.set(slot, f.world.tables.attr(slot) & ~AF, f.world.tables.pfn(slot))
    }
    expect(costOf(f, () => handleFault(f.world, f.mm, f.vma.start + 3, false))).toMatchObject({
      xchg: C,
      write: C,
      ...FLUSH
    })
    expect(attrs(f).every((attr) => (attr & AF) !== 0 && isValidCont(attr))).toBe(true)
    expect(costOf(f, () => handleFault(f.world, f.mm, f.vma.start + 3, false)).xchg).toBeUndefined()
  })
})

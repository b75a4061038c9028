/** Figures: reference oneplus.md section 3 (primitives), 4K granule: C = 16. */
import { describe, expect, it } from 'vitest'
import { AF, CONT, DIRTY, PAGE_READONLY, RDONLY, WRITE, isDirty, isValidCont } from '../arch/descriptor'
import type { Fixture } from '../check/fixture'
import { blockOps } from '../mm/exposed/block'
import { blocks, costOf } from '../mm/exposed/fixture'

const C = 16
const RANGE_CPU = { hafdbs: true, tlbRange: true, kpti: false, repeatTlbi: false }
/** One `flush_tlb_range` of a block: walk caches too, page by page without range instructions. */
const FLUSH = { tlbi: C, tlbiVae1is: C, dsbIshst: 1, dsbIsh: 1 }
const RANGE_FLUSH = { tlbi: 1, tlbiRvae1is: 1, dsbIshst: 1, dsbIsh: 1 }

const attrs = (f: Fixture) => Array.from({ length: C }, (_, page) => f.world.tables.attr(f.slot(page)))
const change = (f: Fixture, page: number, to: (attr: number) => number) =>
  f.world.tables.set(f.slot(page), to(f.world.tables.attr(f.slot(page))), f.world.tables.pfn(f.slot(page)))

describe('what the primitives of a block cost', () => {
  it('get_clear_flush: one read, 16 exchanges, one flush', () => {
    const f = blocks(C)
    const ops = blockOps(f.world)
    expect(costOf(f, () => ops.blockClear(f.mm, f.slot(0), true))).toEqual({ read: 1, xchg: C, ...FLUSH })
    expect(attrs(f)).toEqual(Array(C).fill(0))
    expect(costOf(f, () => ops.blockClear(f.mm, f.slot(0), true))).toEqual({ read: 1, xchg: C })
  })

  it('get_and_clear: the wrapper reads too, nothing is flushed', () => {
    const f = blocks(C)
    expect(costOf(f, () => blockOps(f.world).blockGetAndClear(f.mm, f.slot(0)))).toEqual({ read: 2, xchg: C })
  })

  it('set block: 32 stores and a flush, even where nothing was', () => {
    const f = blocks(C, 'none')
    const pfn = f.world.folios.alloc(4)
    const set = () => blockOps(f.world).blockSet(f.mm, f.slot(0), pfn, PAGE_READONLY | CONT)
    expect(costOf(f, set)).toEqual({ write: 2 * C, ...FLUSH })
    expect(attrs(f).every(isValidCont)).toBe(true)
    const ranged = blocks(C, 'none', RANGE_CPU)
    const frame = ranged.world.folios.alloc(4)
    expect(
      costOf(ranged, () =>
        blockOps(ranged.world).blockSet(ranged.mm, ranged.slot(0), frame, PAGE_READONLY | CONT)
      )
    ).toEqual({ write: 2 * C, ...RANGE_FLUSH })
  })

  it('wrprotect: 2 R, 16 X, 16 W, one flush; stays a block, dirty as a whole', () => {
    const f = blocks(C)
    for (let page = 0; page < C; page++)
      change(f, page, (attr) => (page === 11 ? attr & ~DIRTY : (attr & ~DIRTY) | RDONLY))
    expect(costOf(f, () => blockOps(f.world).blockWrprotect(f.mm, f.slot(0)))).toEqual({
      read: 2,
      xchg: C,
      write: C,
      ...FLUSH
    })
    for (const attr of attrs(f))
      expect([isValidCont(attr), attr & WRITE, isDirty(attr)]).toEqual([true, 0, true])
  })

  it('clean and old: at most 18 R, and nothing else where no entry is young or dirty', () => {
    const f = blocks(C)
    const ops = blockOps(f.world)
    for (let page = 0; page < C - 1; page++) change(f, page, (attr) => (attr & ~(AF | DIRTY)) | RDONLY)
    expect(costOf(f, () => ops.blockCleanOld(f.mm, f.slot(0)))).toEqual({
      read: 18,
      xchg: C,
      write: C,
      ...FLUSH
    })
    for (const attr of attrs(f))
      expect([attr & AF, isDirty(attr), isValidCont(attr)]).toEqual([0, false, true])
    expect(costOf(f, () => ops.blockCleanOld(f.mm, f.slot(0)))).toEqual({ read: C })
  })

  it('change of protection: 2 R, 16 X, 32 W, one flush', () => {
    const f = blocks(C)
    const ops = blockOps(f.world)
    const pfn = f.world.tables.pfn(f.slot(0))
    expect(
      costOf(f, () => {
        const old = ops.blockGetAndClear(f.mm, f.slot(0))
        ops.blockSet(f.mm, f.slot(0), pfn, (old & ~WRITE) | RDONLY)
      })
    ).toEqual({ read: 2, xchg: C, write: 2 * C, ...FLUSH })
  })
})

describe('a block', () => {
  it('is all zero before any entry has a new value: strict break-before-make', () => {
    const f = blocks(C)
    const { world } = f
    const ops = blockOps(world)
    let valid = -1
    let flushed = 0
    world.tlbi.observer = {
      issued: () => {
        valid = attrs(f).filter((attr) => attr !== 0).length
        flushed++
      },
      completed: () => undefined
    }
    ops.blockSet(f.mm, f.slot(0), world.tables.pfn(f.slot(0)), PAGE_READONLY | CONT)
    expect([valid, flushed]).toEqual([0, 1])
    ops.blockWrprotect(f.mm, f.slot(0))
    expect([valid, flushed]).toEqual([0, 2])
  })

  it('keeps what hardware recorded in any one entry', () => {
    const f = blocks(C)
    for (let page = 0; page < C; page++) change(f, page, (attr) => (attr & ~(AF | DIRTY)) | RDONLY)
    change(f, 7, (attr) => attr | AF)
    change(f, 9, (attr) => attr & ~RDONLY)
    const old = blockOps(f.world).blockClear(f.mm, f.slot(0), false)
    expect([old & AF, isDirty(old)]).toEqual([AF, true])
  })

  it.each([
    ['a frame that is not aligned', 1, 0, CONT],
    ['an address that is not aligned', 0, 1, CONT],
    ['an attribute without the contiguous bit', 0, 0, 0]
  ])('is refused with %s, where the kernel has a BUG', (_name, frame, page, cont) => {
    const f = blocks(2 * C, 'none')
    const pfn = f.world.folios.alloc(5)
    expect(() => blockOps(f.world).blockSet(f.mm, f.slot(page), pfn + frame, PAGE_READONLY | cont)).toThrow(
      /no block/
    )
  })
})

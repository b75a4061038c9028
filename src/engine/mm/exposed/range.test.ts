/** Figures: reference oneplus.md section 7, teardown.md column D6. Approximate ("~"): reads of a split. */
import { describe, expect, it } from 'vitest'
import { CONT, WRITE, isPresent, isValidCont } from '../../arch/descriptor'
import { checkWorld } from '../../check'
import type { Fixture } from '../../check/fixture'
import { accessRange } from '../access'
import { forkMm } from '../fork'
import { VM_READ, VM_WRITE } from '../mm'
import { mprotectRange } from '../mprotect'
import { mremapRange } from '../mremap'
import { findSlot } from '../walk'
import { dontneed, exitMm, munmapRange } from '../zap'
import { blocks, costOf } from './fixture'

const C = 16
const RW = VM_READ | VM_WRITE

const conts = (f: Fixture, pages: number) =>
  Array.from({ length: pages / C }, (_, i) => isValidCont(f.world.tables.attr(f.slot(i * C))))

describe('zap (D6)', () => {
  it('a whole block: 3 R, 16 X, one slot, one mapping, one reference; no flush of its own', () => {
    const f = blocks(4 * C)
    expect(costOf(f, () => dontneed(f.world, f.mm, f.vma.start, f.vma.start + 3 * C))).toEqual({
      read: 3 * 3,
      xchg: 3 * C,
      zapBatch: 3,
      mapcount: 3,
      rss: 3,
      folioRef: 3,
      // The hull of all three.
      tlbi: 3 * C,
      tlbiVale1is: 3 * C,
      dsbIshst: 1,
      dsbIsh: 1
    })
    expect([f.mm.anonPages, f.world.folios.blocks.inUse]).toEqual([C, 1])
    expect(checkWorld(f.world)).toBeUndefined()
  })

  it.each([1, 5, 15])('%i pages of a block: split, then page by page', (j) => {
    const f = blocks(2 * C)
    expect(costOf(f, () => dontneed(f.world, f.mm, f.vma.start, f.vma.start + j))).toMatchObject({
      read: 16 + 3 + 2 * j,
      xchg: C + j,
      write: C,
      unfold: 1,
      tlbiVae1is: C,
      tlbiVale1is: j,
      dsbIshst: 2,
      dsbIsh: 2,
      zapBatch: j
    })
    expect([conts(f, 2 * C), f.mm.anonPages]).toEqual([[false, true], 2 * C - j])
    expect(checkWorld(f.world)).toBeUndefined()
  })

  it('of a block that another process maps whole leaves that one whole (message #27)', () => {
    const f = blocks(C)
    const child = forkMm(f.world, f.mm, 2)
    dontneed(f.world, f.mm, f.vma.start + 2, f.vma.start + 5)
    const { folios, tables } = f.world
    const pfn = tables.pfn(f.slot(0))
    expect(isValidCont(tables.attr(findSlot(f.world, child, f.vma.start)))).toBe(true)
    expect([folios.entireMapcount(pfn), folios.refcount(pfn)]).toEqual([1, 1 + 13])
    expect(checkWorld(f.world)).toBeUndefined()
    exitMm(f.world, child)
    expect([folios.entireMapcount(pfn), folios.mapcount(pfn), folios.mapcount(pfn + 2)]).toEqual([0, 1, 0])
    expect(checkWorld(f.world)).toBeUndefined()
    exitMm(f.world, f.mm)
    expect([folios.blocks.inUse, folios.blocks.doubleMapped]).toEqual([0, 0])
  })

  it('exit of 2 MiB: 3 R and 16 X a block, one TLBI', () => {
    const f = blocks(512)
    expect(costOf(f, () => exitMm(f.world, f.mm))).toMatchObject({
      read: 32 * 3,
      xchg: 512,
      zapBatch: 32,
      mapcount: 32,
      folioRef: 32,
      rss: 32,
      tlbi: 1,
      tlbiAside1is: 1
    })
    expect(f.world.folios.blocks.inUse).toBe(0)
  })

  it('of blocks of the huge zero page frees nothing', () => {
    const f = blocks(2 * C, 'read')
    expect(costOf(f, () => munmapRange(f.world, f.mm, f.vma.start, f.vma.start + C + 3))).toMatchObject({
      zapBatch: 1 + 3,
      unfold: 1
    })
    expect([f.mm.anonPages, f.world.hugeZeroPfn >= 0]).toEqual([0, true])
    expect(checkWorld(f.world)).toBeUndefined()
  })

  it('flushes and empties a full gather at once, and goes on', () => {
    const f = blocks(512 * 320)
    const before = f.world.folios.blocks.inUse
    const spent = costOf(f, () => munmapRange(f.world, f.mm, f.vma.start, f.vma.end))
    // 10,240 blocks, 9,698 slots.
    expect([before, f.world.folios.blocks.inUse]).toEqual([10240, 0])
    expect(spent).toMatchObject({ xchg: 512 * 320, folioRef: 10240 })
    expect(checkWorld(f.world)).toBeUndefined()
  })
})

describe('mprotect', () => {
  it('of whole blocks: 3 R, 16 X, 32 W and one flush each, none for the range', () => {
    const f = blocks(4 * C)
    expect(costOf(f, () => mprotectRange(f.world, f.mm, f.vma.start, f.vma.start + 2 * C, VM_READ))).toEqual({
      read: 2 * 3,
      xchg: 2 * C,
      write: 2 * 2 * C,
      tlbi: 2 * C,
      tlbiVae1is: 2 * C,
      dsbIshst: 2,
      dsbIsh: 2
    })
    expect(conts(f, 4 * C)).toEqual([true, true, true, true])
    expect(f.world.tables.attr(f.slot(C)) & WRITE).toBe(0)
    expect(checkWorld(f.world)).toBeUndefined()
  })

  it('of part of a block: the VMA is cut there, so the block is split first', () => {
    const f = blocks(4 * C)
    const spent = costOf(f, () =>
      mprotectRange(f.world, f.mm, f.vma.start + C + 4, f.vma.start + 2 * C, VM_READ)
    )
    expect(spent).toMatchObject({ unfold: 1, tlbiVae1is: C, tlbiVale1is: C - 4 })
    expect(conts(f, 4 * C)).toEqual([true, false, true, true])
    expect(f.mm.vmas.map(({ start }) => start - f.vma.start)).toEqual([0, C + 4, 2 * C])
    expect(checkWorld(f.world)).toBeUndefined()
  })

  it('to nothing and back keeps the block, read-only until the next store', () => {
    const f = blocks(C)
    mprotectRange(f.world, f.mm, f.vma.start, f.vma.end, 0)
    const none = f.world.tables.attr(f.slot(3))
    expect([isPresent(none), isValidCont(none), none & CONT]).toEqual([true, false, CONT])
    expect(checkWorld(f.world)).toBeUndefined()
    mprotectRange(f.world, f.mm, f.vma.start, f.vma.end, RW)
    expect([isValidCont(f.world.tables.attr(f.slot(3))), f.world.tables.attr(f.slot(3)) & WRITE]).toEqual([
      true,
      0
    ])
    const spent = costOf(f, () => accessRange(f.world, f.mm, f.vma.start + 3, f.vma.start + 4, true))
    expect(spent).toMatchObject({ cowReuse: 1, fault: 1 })
    expect([conts(f, C), f.world.tables.attr(f.slot(9)) & WRITE]).toEqual([[true], WRITE])
  })
})

describe('mremap', () => {
  it('splits blocks before it moves entries', () => {
    const f = blocks(4 * C)
    const to = f.vma.start + 2 ** 16
    const spent = costOf(f, () => expect(mremapRange(f.world, f.mm, f.vma.start, 2 * C, to)).toBeUndefined())
    expect(spent.unfold).toBe(2)
    const slot = findSlot(f.world, f.mm, to)
    for (let page = 0; page < 2 * C; page++) {
      const attr = f.world.tables.attr(slot + page)
      expect([isPresent(attr), attr & CONT]).toEqual([true, 0])
    }
    expect(f.mm.anonPages).toBe(4 * C)
    expect(checkWorld(f.world)).toBeUndefined()
  })

  it('moves a whole table as it is, blocks and all', () => {
    const f = blocks(512)
    const to = f.vma.start + 2 ** 16
    const spent = costOf(f, () => expect(mremapRange(f.world, f.mm, f.vma.start, 512, to)).toBeUndefined())
    expect(spent.unfold).toBeUndefined()
    expect(isValidCont(f.world.tables.attr(findSlot(f.world, f.mm, to + 100)))).toBe(true)
    expect(checkWorld(f.world)).toBeUndefined()
  })
})

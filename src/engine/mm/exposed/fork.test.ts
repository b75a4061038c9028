/** Figures: reference oneplus.md section 4 (table per folded block), fork.md section 1. Reads are "~". */
import { describe, expect, it } from 'vitest'
import { AF, CONT, RDONLY, WRITE, isValidCont } from '../../arch/descriptor'
import { checkWorld } from '../../check'
import type { Fixture } from '../../check/fixture'
import { COUNTER_NAMES, type CounterName } from '../../trace/counters'
import { pinUserPages } from '../gup'
import { forkMm } from '../fork'
import type { LockContention } from '../fork-section'
import type { Mm } from '../mm'
import { findSlot } from '../walk'
import { VM_CHP } from './block'
import { blocks, costOf } from './fixture'
import { splitBlock } from './split'

const C = 16
const RANGE_CPU = { hafdbs: true, tlbRange: true, kpti: false, repeatTlbi: false }

function counted(own: Float64Array, skip: readonly CounterName[] = []): Record<string, number> {
  return Object.fromEntries(
    COUNTER_NAMES.map((name, i) => [name, own[i]] as const).filter(
      ([name, n]) => n !== 0 && !skip.includes(name)
    )
  )
}

/** Forks; answers what either side was charged with. The tables the child needs are left out. */
function forked(f: Fixture): { child: Mm; parent: Record<string, number>; spent: Record<string, number> } {
  const children: Mm[] = []
  const parent = costOf(f, () => children.push(forkMm(f.world, f.mm, 2)))
  return { child: children[0], parent, spent: counted(children[0].own, ['tableAlloc']) }
}

describe('fork of one block', () => {
  it('writable: 5 R~, 16 X, 16 W and a flush in the parent; 32 W and a flush in the child', () => {
    const f = blocks(C)
    const { child, parent, spent } = forked(f)
    expect(parent).toEqual({
      read: 5,
      xchg: C,
      write: C,
      tlbi: C + 1,
      tlbiVae1is: C,
      tlbiAside1is: 1,
      dsbIshst: 2,
      dsbIsh: 2,
      fork: 1,
      forkBatch: 1,
      lockSection: 1,
      progress: 8
    })
    expect(spent).toEqual({
      write: 2 * C,
      tlbi: C,
      tlbiVae1is: C,
      dsbIshst: 1,
      dsbIsh: 1,
      folioRef: 1,
      mapcount: 1,
      rss: 1
    })
    expect([child.anonPages, f.mm.anonPages]).toEqual([C, C])
    for (let page = 0; page < C; page++) {
      const own = f.world.tables.attr(f.slot(page))
      const copy = f.world.tables.attr(findSlot(f.world, child, f.vma.start + page))
      expect([isValidCont(own), own & (WRITE | AF)]).toEqual([true, AF])
      expect([isValidCont(copy), copy & (WRITE | AF)]).toEqual([true, 0])
    }
    expect(checkWorld(f.world)).toBeUndefined()
  })

  it('with range TLBI: one instruction a flush', () => {
    const { parent, spent } = forked(blocks(C, 'write', RANGE_CPU))
    expect([parent.tlbiRvae1is, spent.tlbiRvae1is, parent.tlbi, spent.tlbi]).toEqual([1, 1, 2, 1])
  })

  it('read-only already: 3 R~ and nothing else in the parent', () => {
    const f = blocks(C)
    forkMm(f.world, f.mm, 3)
    const { parent } = forked(f)
    expect(parent).toMatchObject({ read: 3, tlbi: 1, tlbiAside1is: 1 })
    expect([parent.xchg, parent.write]).toEqual([undefined, undefined])
    const pfn = f.world.tables.pfn(f.slot(0))
    expect([f.world.folios.entireMapcount(pfn), f.world.folios.refcount(pfn)]).toEqual([3, 3])
  })

  it('huge zero page: no reference, no mapping, nothing resident', () => {
    const f = blocks(C, 'read')
    const { child, spent } = forked(f)
    expect(spent).toEqual({ write: 2 * C, tlbi: C, tlbiVae1is: C, dsbIshst: 1, dsbIsh: 1 })
    expect(child.anonPages).toBe(0)
    expect(checkWorld(f.world)).toBeUndefined()
  })

  it('split before: entry by entry, as any kernel without contpte', () => {
    const f = blocks(C)
    splitBlock(f.world, f.mm, f.slot(0))
    const { parent, spent } = forked(f)
    expect(parent).toMatchObject({ cas: C, forkBatch: C, progress: 8 * C, read: 3 * C + C })
    expect(spent).toMatchObject({ folioRef: C, mapcount: C, rss: C, write: C })
    expect(checkWorld(f.world)).toBeUndefined()
  })
})

describe('a block that may be pinned', () => {
  it('is split in the parent, and its 16 pages are copied one by one, a lock cycle each', () => {
    const f = blocks(2 * C)
    pinUserPages(f.world, f.mm, f.vma.start + 3, 1, { write: true, longterm: true })
    const { child, parent, spent } = forked(f)
    const { folios, tables } = f.world
    const pfn = tables.pfn(f.slot(0))
    expect(parent).toMatchObject({ unfold: 1, lockSection: 1 + C, forkBatch: C + 1 })
    expect(spent).toMatchObject({ pageCopy: C, rss: C + 1 })
    for (let page = 0; page < C; page++) {
      const copy = tables.pfn(findSlot(f.world, child, f.vma.start + page))
      expect([tables.pfn(f.slot(page)), folios.order(copy)]).toEqual([pfn + page, 0])
      expect(tables.attr(f.slot(page)) & (CONT | WRITE | RDONLY)).toBe(WRITE)
    }
    expect(isValidCont(tables.attr(f.slot(C)))).toBe(true)
    expect(checkWorld(f.world)).toBeUndefined()
  })
})

describe('lock break', () => {
  function watched(marked: boolean, empty: number): { asked: number[]; broke: number } {
    const f = blocks(8 * C, 'none')
    if (!marked) f.vma.flags &= ~VM_CHP
    const asked: number[] = []
    const contention: LockContention = {
      wants: (_parent, _child, vpn) => {
        asked.push(vpn - f.vma.start)
        return true
      },
      run: () => undefined
    }
    f.world.contention = contention
    f.world.tables.set(f.slot(empty), 0, 0)
    const { parent } = forked(f)
    return { asked, broke: parent.lockBreak ?? 0 }
  }

  it('a block adds 8 points, so four blocks make a test', () => {
    const f = blocks(8 * C)
    const asked: number[] = []
    f.world.contention = {
      wants: (_parent, _child, vpn) => asked.push(vpn - f.vma.start) < 0,
      run: () => undefined
    }
    expect(forked(f).parent).toMatchObject({ progress: 64, lockBreakTest: 1 })
    expect(asked).toEqual([4 * C])
  })

  it('after 32 empty entries the test falls on a block border', () => {
    expect(watched(true, 0)).toEqual({ asked: [32, 64, 96], broke: 3 })
  })

  it('in a marked VMA no test falls inside a block, and progress starts again all the same', () => {
    // Three swap entries (8 points) and 8 empty ones: the test is due at index 11, then every 32.
    const f = blocks(8 * C, 'none')
    const { tables } = f.world
    const asked: number[] = []
    f.world.contention = {
      wants: (_parent, _child, vpn) => asked.push(vpn - f.vma.start) < 0,
      run: () => undefined
    }
    const plain = f.world.folios.alloc(0)
    f.world.folios.addWord(plain, 1)
    f.mm.anonPages++
    tables.set(f.slot(0), (1 << 0) | (1 << 1) | AF, plain)
    expect(forked(f).parent.lockBreakTest ?? 0).toBe(0)
    // 8 + 24 empty: due at 25, refused; then at 57, 89, 121: none is a border.
    expect(asked).toEqual([])
    f.vma.flags &= ~VM_CHP
    expect(forked(f).parent.lockBreakTest).toBe(4)
    expect(asked).toEqual([25, 57, 89, 121])
  })
})

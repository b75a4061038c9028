import { describe, expect, it } from 'vitest'
import { DIRTY, RDONLY, VALID, WRITE, isDirty, isPmdLeaf, isValidCont } from '../arch/descriptor'
import type { GranuleName } from '../arch/granule'
import { fixture, type Fixture } from '../check/fixture'
import { checkWorld } from '../check'
import { sysMprotect, userRead, userWrite } from '../syscalls'
import { EXCLUSIVE } from './folio'
import { PAGE_NONE, modifyProtection } from './protection'
import { findPmd } from './walk'

function setup(kernel: string, pages: number, order: number, granule: GranuleName = '4K'): Fixture {
  return fixture({ kernel, pages, order, granule })
}

const RANGE = { hafdbs: true, tlbRange: true, kpti: false, repeatTlbi: false }

describe('mprotect of a folded block (reference contpte.md section 5)', () => {
  it.each([
    ['4K', 16, 4],
    ['16K', 128, 7],
    ['64K', 32, 5]
  ] as const)('%s: 5C reads, 3C exchanges and stores, unfold and refold', (granule, c, order) => {
    const f = setup('linux-6.12', 2 * c, order, granule)
    f.spent()
    sysMprotect(f.world, f.mm, f.vma.start, c, 'r')
    const spent = f.spent()
    expect(['read', 'xchg', 'write', 'unfold', 'fold'].map((name) => spent(name as 'read'))).toEqual([
      5 * c,
      3 * c,
      3 * c,
      1,
      1
    ])
    // Two converts, and the flush of the VMA's hull at its end.
    expect(spent('tlbiVale1is')).toBe(3 * c)
    expect(isValidCont(f.world.tables.attr(f.slot(0)))).toBe(true)
    expect(checkWorld(f.world)).toBeUndefined()
  })

  it('of j entries that do not end the block: C + 3j reads, unfolded for good', () => {
    const f = setup('linux-6.12', 32, 4)
    f.spent()
    sysMprotect(f.world, f.mm, f.vma.start + 3, 6, 'r')
    const spent = f.spent()
    expect([spent('read'), spent('xchg'), spent('write')]).toEqual([16 + 3 * 6, 16 + 6, 16 + 6])
    expect([spent('unfold'), spent('fold'), spent('tlbiVale1is')]).toEqual([1, 0, 16 + 6])
    expect(isValidCont(f.world.tables.attr(f.slot(0)))).toBe(false)
  })

  it('passes over a VMA that has the protection already', () => {
    const f = setup('linux-6.12', 32, 4)
    f.spent()
    sysMprotect(f.world, f.mm, f.vma.start, 32, 'rw')
    const spent = f.spent()
    expect([spent('read'), spent('tlbi')]).toEqual([0, 0])
  })

  it('no access: entries stay present for the kernel, and fold again when access comes back', () => {
    const f = setup('linux-6.12', 16, 4)
    sysMprotect(f.world, f.mm, f.vma.start, 16, 'none')
    const entry = f.world.tables.attr(f.slot(5))
    expect(entry & VALID).toBe(0)
    expect(isDirty(entry)).toBe(true)
    expect(userRead(f.world, f.mm, f.vma.start, 1, 1, () => undefined)).toEqual({
      done: 0,
      signal: 'SIGSEGV'
    })
    sysMprotect(f.world, f.mm, f.vma.start, 16, 'rw')
    expect(isValidCont(f.world.tables.attr(f.slot(0)))).toBe(true)
    expect(userWrite(f.world, f.mm, f.vma.start, 16, 1, () => 7).done).toBe(16)
  })
})

describe('an entry that may be written again', () => {
  /** Makes the first page clean for the entry, read-only, and not or still exclusive. */
  function readOnly(kernel: string, exclusive: boolean, dirty: boolean): Fixture {
    const f = setup(kernel, 8, 0)
    const { tables, folios } = f.world
    if (!dirty) tables.set(f.slot(0), (tables.attr(f.slot(0)) & ~DIRTY) | RDONLY, tables.pfn(f.slot(0)))
    sysMprotect(f.world, f.mm, f.vma.start, 8, 'r')
    if (!exclusive) folios.addWord(tables.pfn(f.slot(0)), -EXCLUSIVE)
    sysMprotect(f.world, f.mm, f.vma.start, 8, 'rw')
    return f
  }

  it.each([
    ['linux-6.12', true, true, true],
    ['linux-6.12', true, false, true],
    ['linux-6.12', false, true, false],
    ['linux-6.1', true, true, true],
    // Recorded, 6.1.192: asks for dirty besides.
    ['linux-6.1', true, false, false],
    ['linux-6.1', false, true, false]
  ] as const)('%s, exclusive %s, dirty %s: writable at once %s', (kernel, exclusive, dirty, writable) => {
    const f = readOnly(kernel, exclusive, dirty)
    const entry = f.world.tables.attr(f.slot(0))
    expect((entry & WRITE) !== 0).toBe(writable)
    if (writable) expect((entry & RDONLY) === 0).toBe(dirty)
  })

  it('never loses what hardware recorded as dirty', () => {
    const dirty = WRITE | VALID
    expect(isDirty(modifyProtection(dirty, PAGE_NONE))).toBe(true)
    expect(modifyProtection(dirty, PAGE_NONE) & WRITE).toBe(0)
  })
})

describe('mprotect of a PMD leaf (reference teardown.md section 6b)', () => {
  function leaf(kernel: string): Fixture {
    const f = fixture({ kernel, pages: 1024, order: -1, cpu: RANGE })
    f.world.thp.top = 'always'
    userWrite(f.world, f.mm, f.vma.start, 1, 1, () => 3)
    expect(isPmdLeaf(f.world.tables.attr(findPmd(f.world, f.mm, f.vma.start)))).toBe(true)
    f.spent()
    return f
  }

  it.each(['linux-6.1', 'linux-6.12'])('%s: whole, it stays a leaf and is flushed twice', (kernel) => {
    const f = leaf(kernel)
    sysMprotect(f.world, f.mm, f.vma.start, 512, 'r')
    const spent = f.spent()
    expect([
      spent('tlbiRvae1is') + spent('tlbiVae1is'),
      spent('tlbiRvale1is') + spent('tlbiVale1is')
    ]).toEqual([1, 1])
    const pmd = findPmd(f.world, f.mm, f.vma.start)
    expect(isPmdLeaf(f.world.tables.attr(pmd))).toBe(true)
    expect(f.world.tables.attr(pmd) & WRITE).toBe(0)
    sysMprotect(f.world, f.mm, f.vma.start, 512, 'rw')
    // 6.12 gives an exclusive page back its write permission, 6.1 leaves that to a fault.
    expect((f.world.tables.attr(pmd) & WRITE) !== 0).toBe(kernel === 'linux-6.12')
    expect(checkWorld(f.world)).toBeUndefined()
  })

  it.each(['linux-6.1', 'linux-6.12'])('%s: in part, it is split first', (kernel) => {
    const f = leaf(kernel)
    sysMprotect(f.world, f.mm, f.vma.start, 1, 'r')
    const spent = f.spent()
    expect([spent('tlbiRvae1is') + spent('tlbiVae1is')]).toEqual([1])
    expect(isPmdLeaf(f.world.tables.attr(findPmd(f.world, f.mm, f.vma.start)))).toBe(false)
    expect(checkWorld(f.world)).toBeUndefined()
  })
})

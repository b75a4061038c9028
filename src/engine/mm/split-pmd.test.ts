/** Figures: recordings `D.2048kB.*`, `E.C.2048kB.*`, `B.zero.2048.zp1` (6.12.117, 6.1.192). */
import { describe, expect, it } from 'vitest'
import {
  AF,
  CONT,
  DIRTY,
  NG,
  PXN,
  RDONLY,
  SPECIAL,
  USER,
  UXN,
  VALID,
  WRITE,
  isValidCont
} from '../arch/descriptor'
import { fixture, type Fixture } from '../check/fixture'
import type { CpuFeatures } from '../arch/cpu'
import { FN } from '../trace/functions'
import { VM } from '../trace/vmstat'
import { EXCLUSIVE, FOLIO_DIRTY, FOLIO_DOUBLE_MAP } from './folio'
import { newMm } from './fork'
import type { Mm } from './mm'
import { splitPmd } from './split'
import { depositTable, findPmd, findSlot, makePmd } from './walk'

const LEAF = VALID | USER | AF | NG | PXN | UXN | WRITE | DIRTY
const RANGE: CpuFeatures = { hafdbs: true, tlbRange: true, kpti: false, repeatTlbi: false }

/** One anonymous PMD-sized folio mapped by a leaf, as the fault leaves it. */
function leaf(f: Fixture, mm: Mm = f.mm, pfn = -1): number {
  const { world, vma } = f
  const slot = makePmd(world, mm, vma.start)
  depositTable(world, mm)
  const at = pfn < 0 ? world.folios.alloc(world.geometry.pmdOrder) : pfn
  if (pfn < 0) world.folios.addWord(at, EXCLUSIVE)
  else world.folios.addRefs(at, 1)
  world.folios.addEntire(at, 1)
  world.tables.set(slot, LEAF, at)
  mm.anonPages += 512
  return at
}

function setup(kernel: string, cpu?: CpuFeatures) {
  return fixture({ kernel, pages: 512, order: -1, cpu })
}

describe('splitting a PMD leaf', () => {
  it('6.12: 32 folded blocks, still dirty, all exclusive, one flush with walk caches', () => {
    const f = setup('linux-6.12')
    const pfn = leaf(f)
    f.spent()
    expect(splitPmd(f.world, f.mm, f.vma.start + 77)).toBe(true)
    const spent = f.spent()
    expect(['tlbiVae1is', 'tlbi', 'dsbIsh', 'unfold', 'tableAlloc'].map((n) => spent(n as 'tlbi'))).toEqual([
      1, 1, 1, 0, 0
    ])
    const { folios, tables, calls, vm } = f.world
    const slot = findSlot(f.world, f.mm, f.vma.start)
    for (let i = 0; i < 512; i++) {
      expect(tables.attr(slot + i) & (CONT | WRITE | DIRTY | RDONLY | AF)).toBe(CONT | WRITE | DIRTY | AF)
      expect(tables.pfn(slot + i)).toBe(pfn + i)
      expect([folios.mapcount(pfn + i), folios.isExclusive(pfn + i)]).toEqual([1, true])
    }
    expect([folios.refcount(pfn), folios.entireMapcount(pfn)]).toEqual([512, 0])
    expect(folios.flags(pfn) & FOLIO_DIRTY).toBe(FOLIO_DIRTY)
    expect(vm[VM.thp_split_pmd]).toBe(1)
    const names = [
      '__split_huge_pmd',
      'split_huge_pmd_locked',
      'pmdp_invalidate',
      'pgtable_trans_huge_withdraw',
      'folio_add_anon_rmap_ptes',
      'folio_remove_rmap_pmd',
      '__folio_mod_stat',
      '__flush_tlb_range_nosync'
    ] as const
    expect(names.map((name) => calls[FN[name]])).toEqual(names.map(() => 1))
    expect(f.mm.deposited).toBe(0)
  })

  it('is one range instruction where the CPU has them', () => {
    const f = setup('linux-6.12', RANGE)
    leaf(f)
    f.spent()
    splitPmd(f.world, f.mm, f.vma.start)
    expect(f.spent()('tlbiRvae1is')).toBe(1)
  })

  it('6.1: entries come out clean, the folio takes the dirty flag', () => {
    const f = setup('linux-6.1')
    const pfn = leaf(f)
    splitPmd(f.world, f.mm, f.vma.start)
    const slot = findSlot(f.world, f.mm, f.vma.start)
    expect(f.world.tables.attr(slot + 3) & (WRITE | DIRTY | RDONLY | CONT)).toBe(WRITE | RDONLY)
    expect(f.world.folios.flags(pfn) & FOLIO_DIRTY).toBe(FOLIO_DIRTY)
    expect(f.world.calls[FN.__flush_tlb_range]).toBe(1)
  })

  it('6.1: while another mm maps it by PMD, every page counts once more; the last such mapping ends that', () => {
    const f = setup('linux-6.1')
    const pfn = leaf(f)
    const child = newMm(f.world, 2)
    child.insertVma({ ...f.vma })
    leaf(f, child, pfn)
    splitPmd(f.world, f.mm, f.vma.start)
    const { folios } = f.world
    expect([folios.mapcount(pfn + 9), folios.flags(pfn) & FOLIO_DOUBLE_MAP]).toEqual([2, FOLIO_DOUBLE_MAP])
    splitPmd(f.world, child, f.vma.start)
    expect([folios.mapcount(pfn + 9), folios.flags(pfn) & FOLIO_DOUBLE_MAP]).toEqual([2, 0])
    expect([folios.refcount(pfn), folios.entireMapcount(pfn)]).toEqual([1024, 0])
  })

  it('turns the huge zero page into entries of the small one, unfolded', () => {
    const f = setup('linux-6.12')
    const slot = makePmd(f.world, f.mm, f.vma.start)
    depositTable(f.world, f.mm)
    f.world.tables.set(slot, (LEAF & ~(WRITE | DIRTY)) | RDONLY, 512)
    splitPmd(f.world, f.mm, f.vma.start)
    const first = findSlot(f.world, f.mm, f.vma.start)
    const attr = f.world.tables.attr(first + 16)
    expect(attr & (SPECIAL | RDONLY)).toBe(SPECIAL | RDONLY)
    expect(isValidCont(attr)).toBe(false)
    expect(f.world.tables.pfn(first + 16)).toBe(f.world.zeroPfn)
    expect(f.world.calls[FN.pmdp_huge_clear_flush]).toBe(1)
  })

  it('answers false where no leaf is', () => {
    const f = setup('linux-6.12')
    f.slot(0)
    expect(splitPmd(f.world, f.mm, f.vma.start)).toBe(false)
    expect(findPmd(f.world, f.mm, f.vma.start)).not.toBe(0)
  })
})

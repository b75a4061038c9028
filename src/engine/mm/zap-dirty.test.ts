/**
 * Access and dirty state at a teardown, design by design: what each clear answers, and what the folio has at
 * the end. Reference teardown.md sections 3 to 5 (R7); C = 16.
 */
import { describe, expect, it } from 'vitest'
import { AF, DIRTY, RDONLY, isDirty, mkclean } from '../arch/descriptor'
import { fixture } from '../check/fixture'
import { ADVERSARIAL } from '../arch/tlb'
import { Watch } from '../check/watch'
import { KERNELS, kernelByName } from '../kernel'
import { sysMmap, sysMunmap, userWrite } from '../syscalls'
import { World } from '../world'
import { FileMapping } from './file'
import { FOLIO_DIRTY, FOLIO_REFERENCED } from './folio'
import { newMm } from './fork'
import { findSlot } from './walk'

const C = 16
const DIRTY_AT = 5

/** A folded block of which hardware marked one entry accessed and dirty. */
function block(kernel: string) {
  const f = fixture({ kernel, pages: C, order: 4 })
  const { tables } = f.world
  for (let i = 0; i < C; i++) {
    const attr = tables.attr(f.slot(i))
    const clean = (attr & ~(AF | DIRTY)) | RDONLY
    tables.set(f.slot(i), i === DIRTY_AT ? (clean | AF) & ~RDONLY : clean, tables.pfn(f.slot(i)))
  }
  return f
}

const dirtyAndYoung = (attr: number) => isDirty(attr) && (attr & AF) !== 0

describe('what each clear of an exit answers', () => {
  const each = (kernel: string): boolean[] => {
    const f = block(kernel)
    return Array.from({ length: C }, (_, i) =>
      dirtyAndYoung(f.world.ops.ptepGetAndClearFull(f.mm, f.slot(i), true))
    )
  }

  it('D0, D2: the entry alone', () => {
    const alone = Array.from({ length: C }, (_, i) => i === DIRTY_AT)
    expect(each('no-contpte')).toEqual(alone)
    expect(each('contpte-v2')).toEqual(alone)
  })

  it('D1: the first clear unfolds, and so all have what one had', () => {
    expect(each('contpte-unbatched')).toEqual(Array(C).fill(true))
  })

  it('D2r: all, for what a cleared entry had goes on in the last one', () => {
    expect(each('contpte-v2-robust')).toEqual(Array(C).fill(true))
  })

  it('D3, D4: the first entry answers for the batch', () => {
    for (const kernel of ['contpte-v3', 'linux-6.9', 'linux-6.12']) {
      const f = block(kernel)
      expect(dirtyAndYoung(f.world.ops.getAndClearFullPtes(f.mm, f.slot(0), C, true)), kernel).toBe(true)
    }
  })
})

/** A shared mapping of a file in folios of 64K; page 5 was stored to, by hardware that marks any entry of a block. */
function mapped(kernel: string) {
  const world = new World({
    kernel: kernelByName(kernel),
    granule: '4K',
    memoryBytes: 2 ** 26,
    tlb: { ...ADVERSARIAL, cpus: 2 }
  })
  const watch = new Watch(world)
  const mm = newMm(world, 1)
  const start = 2 ** 20
  sysMmap(world, mm, { vpn: start, pages: C, prot: 'rw', shared: true })
  const vma = mm.vmas[0]
  vma.file = new FileMapping('file 1', C, false, 4)
  vma.pgoff = 0
  userWrite(world, mm, start + DIRTY_AT, 1, 1, () => 7)
  const pfn = world.tables.pfn(findSlot(world, mm, start + DIRTY_AT))
  watch.store(pfn)
  // The fault told the folio; what hardware recorded since its last writeback only the entries know.
  world.folios.setFlags(pfn, 0, FOLIO_DIRTY)
  return { world, watch, mm, start, pfn }
}

const SOUND = KERNELS.map(({ name }) => name).filter((name) => name !== 'oneplus-5.15')

describe('the folio at the end', () => {
  it.each(SOUND)('%s: dirty and accessed, whichever entry said so', (kernel) => {
    const { world, watch, mm, start, pfn } = mapped(kernel)
    watch.begin(mm, start, C)
    sysMunmap(world, mm, start, C)
    expect([watch.end(mm), watch.full()]).toEqual([undefined, undefined])
    const flags = world.folios.flags(pfn)
    expect([flags & FOLIO_DIRTY, flags & FOLIO_REFERENCED]).toEqual([FOLIO_DIRTY, FOLIO_REFERENCED])
  })

  it.each(SOUND)('%s: a design that loses the dirty state of what it clears is caught', (kernel) => {
    const { world, watch, mm, start } = mapped(kernel)
    const { ops } = world
    const run = ops.getAndClearFullPtes.bind(ops)
    ops.getAndClearFullPtes = (...args) => mkclean(run(...args))
    const single = ops.ptepGetAndClearFull.bind(ops)
    ops.ptepGetAndClearFull = (...args) => mkclean(single(...args))
    watch.begin(mm, start, C)
    sysMunmap(world, mm, start, C)
    expect((watch.end(mm) ?? watch.full())?.rule).toBe('dirty-lost')
  })
})

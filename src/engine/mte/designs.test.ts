/**
 * The hazards H1 to H14 that the thread feared, or that the reference adds: `mte-swap.md` section 5. The
 * cases of designs called wrong are minimal: no step can be left out.
 */
import { describe, expect, it } from 'vitest'
import { NEOVERSE_N1 } from '../arch/cpu'
import { checkWorld } from '../check'
import { kernelByName } from '../kernel'
import { newMm } from '../mm/fork'
import type { Mm } from '../mm/mm'
import * as sys from '../syscalls'
import { World } from '../world'
import type { MteDesignName } from './designs'

const N = 16
const RIGHT = ['M3', 'M4', 'M5', 'M7', 'M8', 'M9', 'M10'] as const

interface Start {
  readonly world: World
  readonly mm: Mm
}

/** A folio of 16 pages, page i tagged i, swapped out; still in the swap cache unless the device is zram. */
function start(design: MteDesignName, kernel = 'linux-6.10', synchronous = false, prot = 'rwm'): Start {
  const world = new World({
    kernel: { ...kernelByName(kernel), mteDesign: design },
    granule: '4K',
    memoryBytes: 2 ** 26,
    cpu: { ...NEOVERSE_N1, mte: true },
    swapBytes: 2 ** 24,
    swapDevice: { synchronous }
  })
  world.thp.top = 'never'
  world.thp.sizes.fill('never')
  world.thp.sizes[4] = 'always'
  const mm = newMm(world, 1)
  sys.sysMmap(world, mm, { vpn: 0, pages: N, prot })
  sys.userWrite(world, mm, 0, N, 1, () => 1)
  sys.userSetTags(world, mm, 0, N, (page) => page)
  return { world, mm }
}

function out({ world, mm }: Start, from = 0): void {
  sys.sysMadvise(world, mm, from, N, 'pageout')
}

/** The tag of each page, -1 for more than one. */
function tags({ world }: Start, mm: Mm, from = 0, n = N): number[] {
  const seen: number[] = []
  sys.userGetTags(world, mm, from, n, (_page, mask) => {
    seen.push(Number.isInteger(Math.log2(mask)) ? Math.log2(mask) : -1)
  })
  return seen
}

const EACH = Array.from({ length: N }, (_, i) => i)

describe.each(RIGHT)('design %s', (design) => {
  it('H1: a fault that frees its slot takes no tags from the faults after it: the cache bit keeps them', () => {
    const at = start(design)
    out(at)
    expect(tags(at, at.mm)).toEqual(EACH)
    expect(at.world.counters.get('tagDrop')).toBe(0)
  })

  it('H2: pages read one by one after the folio left the cache get their own tags', () => {
    const at = start(design)
    out(at)
    sys.sysReclaimSwapCache(at.world)
    for (const page of [7, 3, 15, 0]) expect(tags(at, at.mm, page, 1)).toEqual([page])
    expect(tags(at, at.mm)).toEqual(EACH)
  })

  it('H3: DONTNEED of a page while the folio is in the cache does no harm to a neighbour', () => {
    const at = start(design)
    out(at)
    sys.sysMadvise(at.world, at.mm, 2, 1, 'dontneed')
    expect(tags(at, at.mm, 4, 1)).toEqual([4])
    expect(checkWorld(at.world)).toBeUndefined()
  })

  it('H4, H5: what is dropped after the folio left the cache reads 0, the rest keeps its tags', () => {
    const at = start(design)
    out(at)
    sys.sysReclaimSwapCache(at.world)
    sys.sysMadvise(at.world, at.mm, 2, 1, 'dontneed')
    sys.sysMunmap(at.world, at.mm, 8, 8)
    sys.userWrite(at.world, at.mm, 2, 1, 1, () => 5)
    expect(tags(at, at.mm, 0, 8)).toEqual([0, 1, 0, 3, 4, 5, 6, 7])
  })

  it('H6: a folio is not read whole when a slot of it is gone (6.12)', () => {
    const at = start(design, 'linux-6.12', true)
    out(at)
    sys.sysMadvise(at.world, at.mm, 2, 1, 'dontneed')
    const faults = at.world.counters.get('fault')
    expect(tags(at, at.mm, 3, 2)).toEqual([3, 4])
    expect(at.world.counters.get('fault') - faults).toBeGreaterThan(1)
  })

  it('H10: a save that fails in the middle leaves nothing behind, and the folio stays', () => {
    const at = start(design, 'linux-6.12', true)
    const { mte } = at.world
    if (mte === undefined) throw new Error('no tags')
    mte.saved.limit = 9
    out(at)
    expect(mte.saved.buffers).toBe(0)
    expect(tags(at, at.mm)).toEqual(EACH)
  })

  it('H11: tags set anew in the cache replace the saved ones at the next swap-out', () => {
    const at = start(design)
    out(at)
    expect(tags(at, at.mm)).toEqual(EACH)
    sys.userSetTags(at.world, at.mm, 0, N, (page) => 15 - page)
    out(at)
    sys.sysReclaimSwapCache(at.world)
    expect(tags(at, at.mm)).toEqual(EACH.map((page) => 15 - page))
  })

  it('H13: tags stay until the last of two processes has them back', () => {
    const at = start(design)
    out(at)
    sys.sysReclaimSwapCache(at.world)
    const child = sys.sysFork(at.world, at.mm, 2)
    expect(tags(at, child)).toEqual(EACH)
    sys.sysExit(at.world, child)
    expect(tags(at, at.mm)).toEqual(EACH)
  })
})

describe('H7, H8: PROT_MTE on a part of a folio', () => {
  /** Old tags lie in the frames that a new folio gets; then its first half is given PROT_MTE. */
  function half(design: MteDesignName): Start {
    const at = start(design)
    sys.userSetTags(at.world, at.mm, 0, N, () => 9)
    sys.sysMunmap(at.world, at.mm, 0, N)
    sys.sysMmap(at.world, at.mm, { vpn: 0, pages: N, prot: 'rw' })
    sys.userWrite(at.world, at.mm, 0, N, 1, () => 1)
    sys.sysMprotect(at.world, at.mm, 0, 8, 'rwm')
    return at
  }

  it.each(RIGHT)('%s keeps 8 pages of 16, and the others are clear when they get it', (design) => {
    const at = half(design)
    sys.userSetTags(at.world, at.mm, 0, 8, () => 4)
    out(at)
    expect(at.world.counters.get('tagSave')).toBe(8)
    sys.sysMprotect(at.world, at.mm, 8, 8, 'rwm')
    expect(tags(at, at.mm)).toEqual([...new Array<number>(8).fill(4), ...new Array<number>(8).fill(0)])
  })

  it('M6 shows the tags of whoever had the frames before', () => {
    const at = half('M6')
    sys.sysMprotect(at.world, at.mm, 8, 8, 'rwm')
    expect(tags(at, at.mm)).toContain(9)
  })
})

describe('designs called wrong', () => {
  it('M1, H12: only the first page is saved', () => {
    const at = start('M1', 'linux-6.10', true)
    out(at)
    expect(at.world.counters.get('tagSave')).toBe(1)
    expect(tags(at, at.mm)).toEqual(EACH.map(() => 0))
  })

  it('M1, H12: every page of a folio read whole gets the tags of the first', () => {
    const at = start('M1', 'linux-6.12', true)
    sys.userSetTags(at.world, at.mm, 0, N, (page) => 15 - page)
    out(at)
    expect(tags(at, at.mm)).toEqual(EACH.map(() => 15))
  })

  it('M2, H10: a save that fails leaves the tags of the first page behind', () => {
    const at = start('M2', 'linux-6.12', true)
    const { mte } = at.world
    if (mte === undefined) throw new Error('no tags')
    mte.saved.limit = 9
    out(at)
    expect(mte.saved.buffers).toBe(1)
  })

  it.each([
    ['M2', EACH.map(() => 0)],
    ['M10', EACH]
  ] as const)(
    '%s: a save that fails at the first page, while another folio waits in the cache',
    (design, kept) => {
      const at = start(design)
      out(at)
      const { mte } = at.world
      if (mte === undefined) throw new Error('no tags')
      mte.saved.limit = mte.saved.buffers
      sys.sysMmap(at.world, at.mm, { vpn: N, pages: N, prot: 'rwm' })
      sys.userSetTags(at.world, at.mm, N, N, (page) => page % 16)
      // The folio of the second region lies behind that of the first.
      out(at, N)
      sys.sysReclaimSwapCache(at.world)
      expect(tags(at, at.mm)).toEqual(kept)
      expect(tags(at, at.mm, N, N)).toEqual(EACH)
    }
  )
})

describe('H14: restore after release', () => {
  it('finds nothing where the folio is not in the cache: the order of the calls matters', () => {
    const at = start('M10', 'linux-6.10', true)
    out(at)
    const { mte, swap } = at.world
    if (mte === undefined || swap === undefined) throw new Error('no tags')
    const restore = mte.swapRestore.bind(mte)
    mte.swapRestore = (head, nr, slot, ...rest) => {
      for (let i = 0; i < nr; i++) mte.invalidate(slot + i)
      restore(head, nr, slot, ...rest)
    }
    expect(tags(at, at.mm, 1, 3)).toEqual([0, 0, 0])
  })
})

/** The mmu_gather, point by point: reference teardown.md sections 2 and 3, and example Z6. */
import { describe, expect, it } from 'vitest'
import { fixture, type Fixture } from '../check/fixture'
import { gatherCapacity, MmuGather } from './gather'
import { exitMm, munmapRange } from './zap'

const make = (kernel: string, granule: '4K' | '16K' | '64K' = '4K') => {
  const f = fixture({ kernel, pages: 1, order: -1, granule })
  return new MmuGather(f.world, f.mm, true)
}

/** How many things of `nr` pages may be queued; the last of them says that the gather is full. */
function until(gather: MmuGather, nr: number, delayRmap = false): number {
  let queued = 1
  while (!gather.queue(queued * nr, nr, delayRmap)) queued++
  return queued
}

describe('batches of a gather', () => {
  it('6.1 to 6.8: one slot a page: 9698 with 4K pages, 8192 with 16K, 8198 with 64K', () => {
    expect(until(make('contpte-v2'), 1)).toBe(8 + 19 * 510)
    expect(until(make('contpte-v2', '16K'), 1)).toBe(8 + 4 * 2046)
    expect(until(make('contpte-v2', '64K'), 1)).toBe(8 + 8190)
    expect(gatherCapacity(4096)).toBe(9698)
  })

  it('6.9+: two slots a run, one a page, and one slot spare in each batch', () => {
    expect(until(make('linux-6.12'), 16)).toBe(4 + 19 * 255)
    expect(until(make('linux-6.12'), 1)).toBe(7 + 19 * 509)
  })

  it('6.9+: a run is recorded as a unit: full only after all its pages', () => {
    const gather = make('linux-6.12')
    for (let i = 0; i < 4848; i++) expect(gather.queue(i * 512, 512)).toBe(false)
    expect(gather.queue(4848 * 512, 512)).toBe(true)
  })

  it('with rmaps that wait, no second new batch is opened', () => {
    expect(until(make('contpte-v2'), 1, true)).toBe(8 + 510)
    expect(until(make('linux-6.12'), 1, true)).toBe(7 + 509)
  })

  it('v3 is guaranteed what is free here and in the batch after it', () => {
    const gather = make('contpte-v3')
    expect(gather.guaranteed).toBe(8 + 510)
    gather.queue(1)
    expect(gather.guaranteed).toBe(7 + 510)
  })
})

/** What was freed, and how many TLBIs had been issued by then. */
function frees(f: Fixture): { tlbi: number; clear: boolean }[] {
  const seen: { tlbi: number; clear: boolean }[] = []
  const { world } = f
  const before = world.counters.get('tlbi')
  world.folios.observer = {
    freed: (pfn, order) => {
      let clear = true
      for (let page = 0; page < f.vma.end - f.vma.start && order > 0 && page < 512; page++) {
        const at = world.tables.pfn(f.slot(page))
        if (at >= pfn && at < pfn + 2 ** order && world.tables.attr(f.slot(page)) !== 0) clear = false
      }
      seen.push({ tlbi: world.counters.get('tlbi') - before, clear })
    }
  }
  return seen
}

describe('freeing', () => {
  it('T3: comes only after the flush of the hull, in munmap', () => {
    for (const kernel of ['no-contpte', 'contpte-v2', 'contpte-v3', 'linux-6.12']) {
      const f = fixture({ kernel, pages: 64, order: 4 })
      const seen = frees(f)
      munmapRange(f.world, f.mm, f.vma.start, f.vma.end)
      expect(seen.length, kernel).toBe(4)
      expect(
        seen.every(({ tlbi, clear }) => tlbi >= 64 && clear),
        kernel
      ).toBe(true)
    }
  })

  it('T2: a full gather of an exit frees with no TLBI at all; the last one takes the ASID', () => {
    const f = fixture({ kernel: 'contpte-v2', pages: 9728, order: 4 })
    const seen: number[] = []
    const before = f.world.counters.get('tlbi')
    f.world.folios.observer = { freed: () => seen.push(f.world.counters.get('tlbi') - before) }
    exitMm(f.world, f.mm)
    // 9698 = 606 * 16 + 2: 606 folios go with the first flush, the block that it cut and one more with the last.
    expect(seen.filter((tlbi) => tlbi === 0).length).toBe(606)
    expect(seen.filter((tlbi) => tlbi === 1).length).toBe(2)
    expect(f.world.counters.get('tlbiAside1is')).toBe(1)
  })
})

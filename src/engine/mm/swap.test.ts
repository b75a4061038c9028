import { describe, expect, it } from 'vitest'
import { SwapArea } from './swap'
import { SwapClusters } from './swap-clusters'
import { windowSize } from './swap-readahead'

/** Takes and marks, as the area does. */
function taker(slots: number, kind: 'order-0' | 'per-order' | 'lists') {
  const map = new Uint16Array(slots)
  map[0] = 1
  const clusters = new SwapClusters(map, 512, kind)
  return {
    take(order: number): number {
      const slot = clusters.take(order)
      if (slot !== 0) map.fill(1, slot, slot + 2 ** order)
      return slot
    },
    give(slot: number): void {
      map[slot] = 0
      clusters.give(slot)
    }
  }
}

describe('swap clusters', () => {
  it('up to 6.9 hand out single pages and whole clusters, nothing between', () => {
    const { take } = taker(2048, 'order-0')
    expect([take(0), take(0), take(4), take(9)]).toEqual([512, 513, 0, 1024])
  })

  it('serve one order each from 6.10 on, naturally aligned', () => {
    for (const kind of ['per-order', 'lists'] as const) {
      const { take } = taker(4096, kind)
      expect([take(0), take(4), take(0), take(4), take(2)]).toEqual([512, 1024, 513, 1040, 1536])
    }
  })

  it('are lost to a large folio once all have been begun in 6.10, but not in 6.12', () => {
    const kinds = { 'per-order': [512, 0], lists: [512, 528] } as const
    for (const [kind, wanted] of Object.entries(kinds)) {
      const { take, give } = taker(1024, kind as keyof typeof kinds)
      const first = take(4)
      for (let i = 0; i < 31; i++) take(4)
      // The cluster is full. One run of it comes back: only its list finds it again.
      for (let slot = 528; slot < 544; slot++) give(slot)
      expect([first, take(4)]).toEqual(wanted)
    }
  })

  it('let a single page steal from a cluster of another order only in 6.12 lists, and never the reverse', () => {
    const { take } = taker(1024, 'lists')
    expect(take(4)).toBe(512)
    // Cluster 0, which the header has begun, is one for single pages.
    for (let i = 1; i < 512; i++) expect(take(0)).toBe(i)
    expect(take(0)).toBe(528)
    expect(take(5)).toBe(0)
  })

  it('go on behind the last slot, however many before it are free again', () => {
    const { take, give } = taker(2048, 'lists')
    const slots = [take(0), take(0), take(0)]
    give(slots[0])
    give(slots[1])
    expect(take(0)).toBe(slots[2] + 1)
  })
})

describe('slot caches', () => {
  it('take 64 slots at a time for single pages, and give back as many', () => {
    const area = new SwapArea(4096, 'lists')
    const freed: number[] = []
    area.released = (slot) => freed.push(slot)
    const slots = Array.from({ length: 65 }, () => area.alloc(0))
    expect(area.free).toBe(4095 - 128)
    for (const slot of slots) {
      area.map[slot] = 1
      area.drop(slot)
    }
    expect(freed).toEqual(slots.slice(0, 64))
    expect(area.parked).toBe(63 + 1)
  })

  it('are not used by a small area: slots are free at once', () => {
    const area = new SwapArea(256, 'lists')
    const slot = area.alloc(0)
    area.map[slot] = 1
    area.drop(slot)
    expect([area.free, area.parked]).toEqual([255, 0])
  })

  it('are passed by when a run of entries goes at once (6.12), and not before', () => {
    for (const [kind, wanted] of [
      ['lists', 4],
      ['order-0', 0]
    ] as const) {
      const area = new SwapArea(4096, kind)
      const freed: number[] = []
      area.released = (slot) => freed.push(slot)
      const slots = [0, 0, 0, 0].map(() => area.alloc(0))
      for (const slot of slots) area.map[slot] = 1
      area.dropRun(slots[0], 4)
      expect(freed.length).toBe(wanted)
    }
  })
})

describe('windows of pages read ahead', () => {
  it('begin with 8 pages, and shrink by halves where nothing of the last one was wanted', () => {
    expect(windowSize({ vpn: 0, pages: 0, hits: 4 }, 1000)).toBe(8)
    expect(windowSize({ vpn: 1000, pages: 8, hits: 0 }, 5000)).toBe(4)
    expect(windowSize({ vpn: 5000, pages: 4, hits: 0 }, 9000)).toBe(2)
    expect(windowSize({ vpn: 9000, pages: 2, hits: 0 }, 20)).toBe(1)
    expect(windowSize({ vpn: 9000, pages: 2, hits: 0 }, 9001)).toBe(2)
    expect(windowSize({ vpn: 9000, pages: 1, hits: 1 }, 20)).toBe(4)
    expect(windowSize({ vpn: 9000, pages: 8, hits: 7 }, 20)).toBe(8)
  })
})

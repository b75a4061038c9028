import { experiment, type Machine } from 'contpte-lab'

const SIZES: Readonly<Record<string, readonly number[]>> = {
  '4K': [],
  '64K': [64],
  '64K+32K+16K': [64, 32, 16]
}

function allow(m: Machine, sizes: readonly number[]): void {
  for (const kb of sizes) m.shell(`echo always > hugepages-${kb}kB/enabled`)
}

export default experiment({
  title: 'A heap that frees single pages defeats large folios',
  topic: 'Per-size THP',
  claim:
    'Where the allocator gives back pages one by one, most of what is resident is no whole 64K folio any more, and memory is held that nothing maps; where it gives back aligned 64K, every block stays folded.',
  source:
    'Barry Song, 27 Nov 2023, #32 and #34 (frees smaller than the folio "defeat all efforts"); 28 Nov 2023, #47 (footprint)',
  parameters: { folios: ['4K', '64K', '64K+32K+16K'], frees: ['4KiB', '64KiB'] },

  run({ parameters: { folios, frees }, machine, record, expect }) {
    const m = machine({ kernel: 'linux-6.12', memory: '4GiB' })
    allow(m, SIZES[folios])
    const heap = m.spawn().mmap({ bytes: '128MiB' })
    const arena = heap.workload({ kind: 'arena', live: '16MiB', purge: frees })
    arena.run(100_000)

    const { livePages, residentPages } = arena.run(100_000)
    const { inUse, deferred } = m.memory()
    const folded = (heap.foldedBlocks() * 16) / residentPages
    const footprint = inUse / livePages
    record('pages needed', livePages, 'pages')
    record('pages held', inUse, 'pages')
    record('held, mapped by nobody', deferred.unmapped, 'pages')
    record('share in folded blocks', folded)
    record('held a page needed', footprint)
    record('faults', m.counters.fault, 'faults')
    record('blocks unfolded', m.counters.unfold, 'blocks')

    if (folios === '4K') {
      expect(deferred.unmapped, 'pages mapped by nobody').toBe(0)
      return
    }
    if (frees === '4KiB') {
      expect(folded, 'share of resident pages in folded blocks').toBeLessThan(0.5)
      expect(deferred.unmapped, 'pages held that nobody maps').toBeGreaterThan(livePages / 10)
      expect(footprint, 'pages held a page needed').toBeGreaterThan(1.3)
    } else {
      expect(folded, 'share of resident pages in folded blocks').toBe(1)
      expect(deferred.unmapped, 'pages held that nobody maps').toBe(0)
      expect(m.counters.unfold, 'blocks unfolded').toBe(0)
    }
  },

  conclude({ rows, expect }) {
    const held = (folios: string, frees: string) =>
      rows.find(
        ({ metric, parameters }) =>
          metric === 'held a page needed' && parameters.folios === folios && parameters.frees === frees
      )?.value ?? NaN
    expect(
      held('64K', '4KiB') / held('4K', '4KiB'),
      'footprint of the unfriendly heap, 64K folios to 4K'
    ).toBeGreaterThan(1.25)
    expect(
      held('64K', '64KiB') / held('4K', '64KiB'),
      'footprint of the friendly heap, 64K folios to 4K'
    ).toBeLessThan(1.1)
  }
})

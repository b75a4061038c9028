import { experiment } from 'contpte-lab'

// teardown.md section 6, partial clear of j = 5 entries of one folded block, pages 5 to 9: D1 reads
// (1 + C) + 1 + 2 (j - 1), D4 (1 + C) and one at either end. OnePlus splits the block first: the reference
// gives its reads as approximate.
const READS = {
  'contpte-unbatched': 26,
  'contpte-v2': 26,
  'linux-6.9': 19,
  'linux-6.12': 19,
  'oneplus-5.15': undefined
} as const

export default experiment({
  title: 'munmap of pages 5 to 9 of a block',
  topic: 'Full teardown',
  claim:
    'Clearing entries in the middle unfolds the block first, in every design: no entry that stays contiguous can cover a page that is freed.',
  source:
    'Ryan Roberts, 28 Nov 2023, on v2 14/14; Barry Song, 28 Nov 2023, same thread (split, then go on page by page); numbers of teardown.md section 6',
  parameters: { kernel: ['contpte-unbatched', 'contpte-v2', 'linux-6.9', 'linux-6.12', 'oneplus-5.15'] },

  run({ parameters: { kernel }, machine, expect }) {
    const oneplus = kernel === 'oneplus-5.15'
    const m = machine({ kernel, cpus: 2, tlb: {} })
    if (!oneplus) m.sysfs.write('hugepages-64kB/enabled', 'always')
    const heap = m.spawn().mmap({ bytes: '2MiB', align: '2MiB', name: 'libc_malloc' })
    heap.write(0, 16)
    const other = m.cpu(1)
    other.store(heap, 6)
    expect(other.tlb()[0]?.coalesced, 'CPU 1 translates the block by one entry').toBe(true)

    let bad = 0
    m.onStep(() => {
      if (heap.block(0).misprogrammed) bad++
    })
    const spent = m.counters.scope(() => heap.munmap(5, 5))
    m.onStep(undefined)

    expect(bad, 'steps at which the block is misprogrammed').toBe(0)
    const reads = READS[kernel]
    if (reads !== undefined) expect(spent.read, 'descriptors read').toBe(reads)
    expect(spent.xchg, 'exchanges: the unfold, then the pages').toBe(16 + 5)
    expect(spent.write, 'plain stores of the unfold').toBe(16)
    expect(spent.tlbi, 'TLBIs: the unfold, then the pages').toBe(16 + 5)
    expect(spent.dsbIsh, 'DSB ISH').toBe(2)
    expect(spent.folioFree, 'folios freed').toBe(0)
    expect([heap.block(0).valid, heap.block(0).contiguous], 'valid, contiguous entries left').toEqual([11, 0])
    expect(heap.folio(0)?.refcount, 'refcount').toBe(11)
    expect(other.tlb().length, 'translations CPU 1 still holds').toBe(0)
    expect(m.check(), 'broken invariants').toEqual([])
  }
})

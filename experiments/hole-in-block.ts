import { experiment } from 'contpte-lab'

// Both sides together. v2 by example E2: 19 scanning, 25 write-protecting, 4 in the child. Entry by
// entry: 3 reads a page (5 + 1 with contpte) and the hole; and at index 15 either side of contpte looks
// for a fold, which ends at the hole after six reads.
const READS = { 'no-contpte': 46, 'contpte-unbatched': 103, 'contpte-v2': 48 } as const

export default experiment({
  title: 'A hole in a forked block',
  topic: 'Fork batching',
  claim: 'One DONTNEED page does not make fork copy pages that are gone: the batch ends at the hole.',
  source:
    'Barry Song, 27 Nov 2023, message #26, and the answer of Ryan Roberts, #28: 5 pages, the hole, 10 pages',
  parameters: { kernel: ['no-contpte', 'contpte-unbatched', 'contpte-v2'] },

  run({ parameters: { kernel }, machine, expect }) {
    const m = machine({ kernel })
    m.sysfs.write('hugepages-64kB/enabled', 'always')
    const parent = m.spawn()
    const heap = parent.mmap({ bytes: '64KiB', align: '2MiB' })
    heap.write()
    expect(heap.foldedBlocks(), 'blocks folded before the hole').toBe(kernel === 'no-contpte' ? 0 : 1)

    heap.madvise('dontneed', 5, 1)
    expect(heap.foldedBlocks(), 'blocks folded with the hole').toBe(0)

    const { forkBatch, folioRef, mapcount, read, cas, tlbi, progress } = m.counters
    const child = parent.fork()

    // fork.md section 8, example E2
    const batches = kernel === 'contpte-v2' ? 2 : 15
    expect(m.counters.forkBatch - forkBatch, 'batches').toBe(batches)
    expect(m.counters.folioRef - folioRef, 'updates of the folio refcount').toBe(batches)
    expect(m.counters.mapcount - mapcount, 'pages whose mapcount changed').toBe(15)
    expect(m.counters.cas - cas, 'entries write-protected').toBe(15)
    expect(m.counters.read - read, 'descriptors read').toBe(READS[kernel])
    expect(m.counters.progress - progress, 'progress: 5 x 8, the hole 1, 10 x 8').toBe(121)
    expect(m.counters.tlbi - tlbi, 'TLBIs: the final flush alone').toBe(1)

    expect(heap.pte(4, child).present, 'page 4 present in the child').toBe(true)
    expect(heap.pte(5, child).present, 'page 5, the hole, present in the child').toBe(false)
    expect(heap.pte(6, child).present, 'page 6 present in the child').toBe(true)
    expect(heap.foldedBlocks(child), 'blocks folded in the child').toBe(0)
    expect(heap.folio(0)?.refcount, 'refcount: 15 entries in each of the two').toBe(30)
  }
})

import { experiment } from 'contpte-lab'

const KERNELS = [
  'no-contpte',
  'contpte-unbatched',
  'contpte-v2',
  'contpte-v3',
  'linux-6.9',
  'linux-6.12'
] as const

// Both sides together. Upstream and v2 by example E2 of fork.md: v2 19 scanning, 25 write-protecting, 4 in
// the child. Entry by entry: 3 reads a page (5 + 1 with contpte) and the hole; and at index 15 either side
// of contpte looks for a fold, which ends at the hole after six reads. v3 has no published count.
const READS: Partial<Record<(typeof KERNELS)[number], number>> = {
  'no-contpte': 46,
  'contpte-unbatched': 103,
  'contpte-v2': 48,
  'linux-6.9': 35,
  'linux-6.12': 35
}

export default experiment({
  title: 'A hole in a forked block',
  topic: 'Fork batching',
  claim:
    'One DONTNEED page does not make fork copy pages that are gone (the worry of #26): the batch ends at the hole (#28).',
  source:
    'Barry Song, 27 Nov 2023, message #26, and the answer of Ryan Roberts, #28: 5 pages, the hole, 10 pages',
  parameters: { kernel: KERNELS },

  run({ parameters: { kernel }, machine, expect }) {
    const m = machine({ kernel })
    m.sysfs.write('hugepages-64kB/enabled', 'always')
    const parent = m.spawn()
    const heap = parent.mmap({ bytes: '64KiB', align: '2MiB' })
    heap.write()
    expect(heap.foldedBlocks(), 'blocks folded before the hole').toBe(kernel === 'no-contpte' ? 0 : 1)

    heap.madvise('dontneed', 5, 1)
    expect(heap.foldedBlocks(), 'blocks folded with the hole').toBe(0)

    let child = parent
    const spent = m.counters.scope(() => (child = parent.fork()))

    const batched = kernel !== 'no-contpte' && kernel !== 'contpte-unbatched'
    const batches = batched ? [5, 10] : Array.from({ length: 15 }, () => 1)
    expect(child.batches(), 'sizes of the batches').toEqual(batches)
    expect(spent.folioRef, 'updates of the folio refcount').toBe(batches.length)
    // From 6.10 a batch also updates the folio's own total.
    const totals = kernel === 'linux-6.12' ? 2 : 0
    expect(spent.mapcount, 'updates of mapcounts').toBe(15 + totals)
    expect(spent.cas, 'entries write-protected').toBe(15)
    const reads = READS[kernel]
    if (reads !== undefined) expect(spent.read, 'descriptors read').toBe(reads)
    expect(spent.progress, 'progress: 5 x 8, the hole 1, 10 x 8').toBe(121)
    expect(spent.tlbi, 'TLBIs: the final flush alone').toBe(1)

    expect(heap.pte(4, child).present, 'page 4 present in the child').toBe(true)
    expect(heap.pte(5, child).kind, 'page 5, the hole, in the child').toBe('none')
    expect(heap.pte(6, child).present, 'page 6 present in the child').toBe(true)
    expect(heap.foldedBlocks(child), 'blocks folded in the child').toBe(0)
    expect(heap.folio(0)?.refcount, 'refcount: 15 entries in each of the two').toBe(30)
    expect(m.check(), 'broken invariants').toEqual([])
  }
})

import { experiment } from 'contpte-lab'

export default experiment({
  title: 'The Nth fault frees a tag',
  topic: 'Swap',
  claim:
    '"the page fault in the Nth PTE of large folio might free swap entry ... you might access a freed tag": it does not happen. While the folio is in the swap cache the cache bit keeps every slot, and after it left, pages are read one by one, each with its own entry. MADV_DONTNEED of a part drops the tags of that part only. Of two processes the last one still finds them.',
  source:
    'Barry Song, 17 and 24 Nov 2023; David Hildenbrand, 24 Nov 2023, "[RFC V3 PATCH] arm64: mm: swap: save and restore mte tags for large folios"; mte-swap.md, hazards H1 to H5, H11, H13',
  parameters: { design: ['M3', 'M4', 'M5', 'M6', 'M7', 'M8', 'M9', 'M10'], cached: [true, false] },

  run({ parameters: { design, cached }, machine, expect }) {
    const m = machine({
      kernel: 'linux-6.10',
      mteDesign: design,
      cpu: { mte: true },
      swap: '16MiB',
      swapDevice: { synchronous: false }
    })
    m.sysfs.write('hugepages-64kB/enabled', 'always')
    const parent = m.spawn()
    const heap = parent.mmap({ bytes: '64KiB', align: '2MiB', prot: 'rwm' })
    const all = Array.from({ length: 16 }, (_, page) => page)
    const start = () => {
      heap.write()
      for (const page of all) heap.setTags(page, page, 1)
      heap.madvise('pageout')
      if (!cached) m.reclaimSwapCache()
    }
    // H1, H2: any order of faults.
    start()
    for (const page of [7, 3, 15, 0]) expect(heap.tags(page, 1), `tag of page ${page}`).toEqual([page])
    expect(heap.tags(), 'tags when all is back').toEqual(all)

    // H13: two processes, one of them gone.
    start()
    const child = parent.fork()
    expect(heap.tags(0, 16, child), 'tags of the child').toEqual(all)
    child.exit()
    expect(heap.tags(), 'tags of the parent').toEqual(all)

    // H11: other tags, swapped out again.
    for (const page of all) heap.setTags(15 - page, page, 1)
    heap.madvise('pageout')
    m.reclaimSwapCache()
    expect(heap.tags(), 'tags set anew').toEqual(all.map((page) => 15 - page))

    // H3, H4, H5: a part is dropped.
    start()
    heap.madvise('dontneed', 2, 1)
    expect(heap.tags(4, 1), 'a neighbour of what was dropped').toEqual([4])
    heap.munmap(8, 8)
    heap.store(2, 1)
    expect(heap.tags(0, 8), 'tags of the rest').toEqual([0, 1, 0, 3, 4, 5, 6, 7])
    expect(m.check(), 'broken invariants').toEqual([])
  }
})

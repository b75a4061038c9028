import { experiment } from 'contpte-lab'

export default experiment({
  title: 'Fork of a folded block with one pinned page',
  topic: 'Fork batching',
  claim:
    'A pin is a matter of the whole folio: one pinned page in the middle makes fork copy every exclusive page of it, all or nothing (#5), and leaves the parent folded and writable.',
  source:
    'David Hildenbrand, 16 Nov 2023, #5; Ryan Roberts, 16 Nov 2023, #8; numbers: fork.md section 6 and example E7 (recorded)',
  parameters: { kernel: ['contpte-v2', 'contpte-v3', 'linux-6.9', 'linux-6.12'] },

  run({ parameters: { kernel }, machine, expect }) {
    const m = machine({ kernel })
    m.sysfs.write('hugepages-64kB/enabled', 'always')
    const parent = m.spawn()
    const heap = parent.mmap({ bytes: '64KiB', align: '2MiB' })
    for (let page = 0; page < 16; page++) heap.store(page, 100 + page)
    expect(heap.pin(8, 1), 'pages pinned').toBe(1)
    const before = heap.folio(8)

    const watch = m.watch()
    let child = parent
    const spent = m.counters.scope(() => (child = parent.fork()))
    expect(watch.violation(), 'broken invariants at any step').toBe(undefined)

    expect(spent.pageCopy, 'pages copied: all 16, not the pinned one alone').toBe(16)
    expect(spent.lockSection, 'times the locks were taken: a page is allocated for each').toBe(17)
    expect(spent.unfold, 'blocks unfolded').toBe(0)
    expect(spent.cas, 'entries of the parent write-protected').toBe(0)
    if (kernel === 'linux-6.12') {
      // 48 ptep_gets of a folded entry on the parent; a read for each store on the child.
      expect(spent.read, 'descriptors read').toBe(48 * 17 + 16)
    }

    expect(heap.foldedBlocks(), 'the parent stays folded').toBe(1)
    expect(heap.pte(8).writable, 'and writable').toBe(true)
    expect(heap.pte(8).pfn, 'the device still reaches the page').toBe((before?.pfn ?? 0) + 8)
    expect(heap.folio(8)?.mapcount, 'mapcount of the pinned page').toBe(1)
    expect(heap.folio(8)?.refcount, 'refcount of the folio: 16 mappings, and the pin').toBe(before?.refcount)

    expect(heap.foldedBlocks(child), 'the child has no folded block').toBe(0)
    expect(heap.folio(8, child)?.order, 'but pages of its own').toBe(0)
    expect(heap.load(8, child), 'which hold the same').toBe(108)
    heap.store(8, 7)
    expect(heap.load(8, child), 'and never see what the parent writes later').toBe(108)
  }
})

import { experiment } from 'contpte-lab'

export default experiment({
  title: 'MADV_FREE in a child, and what its parent stored',
  topic: 'Swap',
  claim:
    'May reclaim drop a page that a child advised with MADV_FREE, while its parent still wants it? Not where the entry of the parent is dirty, and not where the page has a swap slot or PG_dirty: then the advice passes a shared page over. But what zram gave back past the swap cache has none of them until somebody stores to it. The advice of the child marks it lazyfree; once the child is gone and the parent is reclaimed, the page reads as zeroes.',
  source:
    'Own deduction, found by the fuzzer and not reported that we know of: 6.1 and 6.12 `madvise_free_pte_range`, which looks at other mappings only of folios that are dirty or in the swap cache, `do_swap_page` and `try_to_unmap_one`; swap-reclaim.md section 2.3 c',
  parameters: {
    kernel: ['linux-6.1', 'linux-6.10', 'linux-6.12'],
    page: ['never swapped', 'read from zram', 'stored to since', 'read through the swap cache']
  },

  run({ parameters: { kernel, page }, machine, expect }) {
    const synchronous = page !== 'read through the swap cache'
    const m = machine({ kernel, swap: '16MiB', swapDevice: { synchronous } })
    const parent = m.spawn()
    const heap = parent.mmap({ bytes: '4KiB' })
    heap.store(0, 7)
    if (page !== 'never swapped') {
      heap.madvise('pageout')
      expect(parent.rss().swap, 'pages swapped out').toBe(1)
      heap.load(0)
      if (page === 'stored to since') heap.store(0, 7)
    }
    const clean = page.startsWith('read')
    expect(heap.pte(0).dirty, 'the entry of the parent is dirty').toBe(!clean)

    const child = parent.fork()
    heap.madvise('free', 0, 1, child)
    child.exit()
    heap.madvise('pageout')
    const lost = page === 'read from zram'
    // Reclaim that meets a dirty entry puts it back, and takes the mark from the page.
    expect(parent.rss(), 'resident set at the end').toEqual({
      anon: clean ? 0 : 1,
      file: 0,
      swap: clean && !lost ? 1 : 0
    })
    expect(heap.load(0), 'what the parent finds').toBe(lost ? 0 : 7)
    expect(m.check(), 'broken invariants').toEqual([])
  }
})

import { experiment } from 'contpte-lab'

export default experiment({
  title: 'Tags restored after the slots are given back',
  topic: 'Swap',
  claim:
    'Swap-in restores tags first and gives the swap slots back then; the other way round the tags are gone, and the entry that is set next clears the page. It goes unnoticed while a slot is not freed at once: as long as the folio is in the swap cache, or where a slot cache of the CPU keeps it for a while.',
  source:
    'Peter Collingbourne, 22 May 2023, "mm: Call arch_swap_restore() from do_swap_page()" (6.5), for where the call stands; the wrong order is a deduction: mte-swap.md sections 2.2 and 2.4, hazard H14',
  parameters: {
    order: ['before release', 'after release'],
    cached: [false, true],
    slotCache: [false, true]
  },

  run({ parameters: { order, cached, slotCache }, machine, expect }) {
    const m = machine({
      kernel: 'linux-6.12',
      cpu: { mte: true },
      tagRestore: order,
      swap: '16MiB',
      swapDevice: { synchronous: !cached }
    })
    m.sysfs.write('hugepages-64kB/enabled', 'always')
    const process = m.spawn()
    if (slotCache) {
      // A CPU has a slot cache from the first single page on that is swapped out.
      const page = process.mmap({ bytes: '4KiB' })
      page.write()
      page.madvise('pageout')
    }
    const heap = process.mmap({ bytes: '64KiB', align: '2MiB', prot: 'rwm' })
    heap.write()
    for (let page = 0; page < 16; page++) heap.setTags(15 - page, page, 1)
    heap.madvise('pageout')
    const back = m.counters.scope(() => heap.load(3))
    const lost = order === 'after release' && !cached && !slotCache
    const right = Array.from({ length: 16 }, (_, page) => (lost ? 0 : 15 - page))
    expect(heap.tags(), 'tags').toEqual(right)
    expect(back.tagCopy, 'pages whose tags are copied').toBe(lost || cached ? 0 : 16)
    expect(m.check(), 'broken invariants').toEqual([])
  }
})

import { experiment } from 'contpte-lab'

export default experiment({
  title: 'Swap entries in a block',
  topic: 'Swap',
  claim:
    'Without whole swap-in "our large folios will never come back" (#37): up to 6.11 one page returns from zram among 15 swap entries, and the block never folds again; in 6.12 the folio returns as it went.',
  source:
    'Barry Song, 28 Nov 2023, #37 and #41; Ryan Roberts, 27 Nov 2023, thread on the v2 cover letter (a swap entry neither folds nor unfolds); contpte.md I7, swap-reclaim.md',
  parameters: { kernel: ['linux-6.9', 'linux-6.12'] },

  run({ parameters: { kernel }, machine, expect }) {
    const whole = kernel === 'linux-6.12'
    const m = machine({ kernel, swap: '64MiB' })
    m.sysfs.write('hugepages-64kB/enabled', 'always')
    const parent = m.spawn()
    const heap = parent.mmap({ bytes: '64KiB', align: '2MiB' })
    for (let page = 0; page < 16; page++) heap.store(page, 1 + page)
    heap.madvise('pageout')
    expect(parent.rss(), 'resident set').toEqual({ anon: 0, file: 0, swap: 16 })
    expect(heap.block(0).valid, 'valid entries').toBe(0)

    const back = m.counters.scope(() => expect(heap.load(5), 'what page 5 holds').toBe(6))
    expect(back.fault, 'faults').toBe(1)
    expect(parent.rss(), 'resident set after one load').toEqual({
      anon: whole ? 16 : 1,
      file: 0,
      swap: whole ? 0 : 15
    })
    expect(heap.folio(5)?.order, 'order of the folio that came back').toBe(whole ? 4 : 0)
    expect(heap.foldedBlocks(), 'folded blocks').toBe(whole ? 1 : 0)
    expect(back.fold, 'folds: it is mapped as a whole, or not at all').toBe(0)

    // fork.md section 2: a swap entry is 8 points, is copied alone and counts a user of its slot.
    let child = parent
    const fork = m.counters.scope(() => (child = parent.fork()))
    expect(child.batches(), 'batches').toEqual(whole ? [16] : [1])
    expect(fork.progress, 'progress').toBe(16 * 8)
    expect(child.rss(), 'resident set of the child').toEqual(parent.rss())
    expect(heap.block(0).misprogrammed || heap.block(0, child).misprogrammed, 'anything misprogrammed').toBe(
      false
    )

    heap.read()
    heap.read(0, 16, child)
    expect(heap.load(15, child), 'what page 15 holds in the child').toBe(16)
    expect(heap.foldedBlocks(), 'folded blocks when all is back').toBe(whole ? 1 : 0)
    expect(m.check(), 'broken invariants').toEqual([])
  }
})

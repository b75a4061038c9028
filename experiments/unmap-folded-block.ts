import { experiment } from 'contpte-lab'

export default experiment({
  title: 'try_to_unmap_one over a folded block',
  topic: 'Full teardown',
  claim:
    'Reclaim unmaps entry by entry: the first one unfolds the block, the others are plain, and swap entries neither unfold nor fold it. No state on the way is misprogrammed.',
  source:
    'Barry Song, 27 Nov 2023, thread on the v2 cover letter, case 3, and the answer of Ryan Roberts; contpte.md section 5 (reclaim row) and I7',
  parameters: { cpu: ['neoverse-n1', 'max'] },

  run({ parameters: { cpu }, machine, expect }) {
    const m = machine({
      kernel: 'linux-6.12',
      cpu: { model: cpu, lpa2: false },
      cpus: 2,
      tlb: {},
      swap: '64MiB'
    })
    m.sysfs.write('hugepages-64kB/enabled', 'always')
    const p = m.spawn()
    const heap = p.mmap({ bytes: '64KiB', align: '2MiB' })
    for (let page = 0; page < 16; page++) heap.store(page, 50 + page)
    m.cpu(1).load(heap, 9)

    let unmapped = 0
    const contiguous: number[] = []
    let bad = 0
    m.onStep((step) => {
      const block = heap.block(0)
      if (block.misprogrammed) bad++
      if (step !== 'entry taken out') return
      unmapped++
      contiguous.push(block.contiguous)
    })
    const spent = m.counters.scope(() => heap.madvise('pageout'))
    m.onStep(undefined)

    expect(unmapped, 'entries taken out one by one').toBe(16)
    expect(Math.max(...contiguous), 'contiguous entries once the first is out').toBe(0)
    expect(bad, 'steps at which the block is misprogrammed').toBe(0)
    expect(spent.unfold, 'blocks unfolded').toBe(1)
    expect(spent.fold, 'blocks folded').toBe(0)
    expect(spent.xchg, 'exchanges: the unfold, then every entry').toBe(16 + 16)
    // One page at a time without a DSB, which comes once at the end.
    const ranged = cpu === 'max'
    expect(spent.tlbiVale1is - (ranged ? 0 : 16), 'TLBIs of single pages beside the unfold').toBe(16)
    expect(spent.tlbiRvale1is, 'TLBIs of ranges: the unfold').toBe(ranged ? 1 : 0)
    expect(p.rss(), 'resident set').toEqual({ anon: 0, file: 0, swap: 16 })
    expect(m.cpu(1).tlb().length, 'translations CPU 1 still holds').toBe(0)
    expect(heap.load(9), 'what page 9 holds when it comes back').toBe(59)
    expect(heap.foldedBlocks(), 'folded blocks: it comes back whole').toBe(1)
    expect(m.check(), 'broken invariants').toEqual([])
  }
})

import { experiment } from 'contpte-lab'

const BLOCKS = 32 // 2 MiB

export default experiment({
  title: "A child's blocks are born folded",
  topic: 'Fork batching',
  claim:
    'Copied in batches, a whole block is written contiguous at once: no fold, no unfold, no TLBI but the final flush.',
  source: 'Ryan Roberts, 15 Nov 2023, log of v2 01/14, and #4 quoting 13/14',
  parameters: { kernel: ['contpte-unbatched', 'contpte-v2'] },

  run({ parameters: { kernel }, machine, expect }) {
    const m = machine({ kernel })
    m.sysfs.write('hugepages-64kB/enabled', 'always')
    const parent = m.spawn()
    const heap = parent.mmap({ bytes: '2MiB', align: '2MiB' })
    heap.write()

    const { fold, unfold, tlbi, dsbIsh, write } = m.counters
    const child = parent.fork()

    // fork.md section 7: per entry, each side folds every block with a TLBI a page and a DSB.
    const batched = kernel === 'contpte-v2'
    expect(m.counters.fold - fold, 'blocks folded').toBe(batched ? 0 : 2 * BLOCKS)
    expect(m.counters.unfold - unfold, 'blocks unfolded').toBe(batched ? 0 : BLOCKS)
    expect(m.counters.tlbi - tlbi, 'TLBIs').toBe(batched ? 1 : 48 * BLOCKS + 1)
    expect(m.counters.dsbIsh - dsbIsh, 'DSB ISH').toBe(batched ? 1 : 3 * BLOCKS + 1)
    expect(m.counters.write - write, 'plain stores to descriptors').toBe((batched ? 16 : 64) * BLOCKS)

    expect(heap.foldedBlocks(), 'blocks folded in the parent').toBe(BLOCKS)
    expect(heap.foldedBlocks(child), 'blocks folded in the child').toBe(BLOCKS)
    const mine = heap.pte(7)
    const theirs = heap.pte(7, child)
    expect(theirs.pfn, 'the child maps the same page').toBe(mine.pfn)
    expect([mine.writable, theirs.writable], 'page 7 writable in parent, child').toEqual([false, false])
    expect([mine.young, theirs.young], 'page 7 young in parent, child').toEqual([true, false])
    expect(heap.folio(7)?.mapcount, 'mapcount of page 7').toBe(2)
  }
})

import { experiment } from 'contpte-lab'

export default experiment({
  title: 'The first write after fork unfolds its block',
  topic: 'Copy on write',
  claim:
    'Fork keeps the parent folded; the price comes with the first write to each block, which copies one page and unfolds the other fifteen.',
  source:
    'Rules of v2 12/14 (Ryan Roberts, 15 Nov 2023): a single entry of a block may change only after the unfold',
  parameters: { kernel: ['no-contpte', 'contpte-v2'] },

  run({ parameters: { kernel }, machine, expect }) {
    const m = machine({ kernel })
    m.sysfs.write('hugepages-64kB/enabled', 'always')
    const parent = m.spawn()
    const heap = parent.mmap({ bytes: '128KiB', align: '2MiB' })
    heap.write()
    const child = parent.fork()
    const folio = heap.folio(5)
    const folded = kernel === 'no-contpte' ? 0 : 1

    const first = { ...m.counters }
    heap.write(5, 1)
    expect(m.counters.cowCopy - first.cowCopy, 'pages copied by the first write').toBe(1)
    expect(m.counters.unfold - first.unfold, 'blocks unfolded by the first write').toBe(folded)
    // The unfold flushes 16 pages one by one (no FEAT_TLBIRANGE), the copy flushes its own page.
    expect(m.counters.tlbi - first.tlbi, 'TLBIs of the first write').toBe(16 * folded + 1)

    const second = { ...m.counters }
    heap.write(6, 1)
    expect(m.counters.unfold - second.unfold, 'blocks unfolded by the second write').toBe(0)
    expect(m.counters.tlbi - second.tlbi, 'TLBIs of the second write').toBe(1)

    expect(heap.foldedBlocks(), 'blocks still folded in the parent').toBe(folded)
    expect(heap.foldedBlocks(child), 'blocks still folded in the child').toBe(2 * folded)
    expect(heap.folio(5)?.order, 'the copy is one page').toBe(0)
    expect(heap.folio(4)?.pfn, 'its neighbour still maps the old folio').toBe(folio?.pfn)
    expect(heap.folio(5, child)?.pfn, 'the child still maps the old folio').toBe(folio?.pfn)
    expect(heap.pte(5).writable, 'page 5 writable in the parent').toBe(true)
    expect(heap.pte(4).writable, 'page 4 writable in the parent').toBe(false)
    expect(heap.folio(4)?.refcount, 'refcount of the old folio: 14 + 16').toBe(30)
  }
})

import { experiment } from 'contpte-lab'

export default experiment({
  title: 'The last user of a large folio still copies',
  topic: 'Copy on write',
  claim:
    'Up to 6.12 a page of a large folio is never reused after fork, even when the child is gone: the first write to each block costs the parent its fold.',
  source:
    'Linux 6.12, wp_can_reuse_anon_folio (recorded, 6.12.117), contpte.md section 5; Ryan Roberts, 28 Nov 2023, #36: "DavidH has been working on a precise shared vs exclusive map tracking"',
  parameters: { kernel: ['contpte-v2', 'linux-6.12', 'oneplus-5.15'] },

  run({ parameters: { kernel }, machine, expect }) {
    const oneplus = kernel === 'oneplus-5.15'
    const m = machine({ kernel })
    if (!oneplus) m.sysfs.write('hugepages-64kB/enabled', 'always')
    const parent = m.spawn()
    const heap = parent.mmap({ bytes: '2MiB', align: '2MiB', name: 'libc_malloc' })
    heap.write()
    const before = heap.folio(5)?.pfn
    parent.fork().exit()
    expect(heap.foldedBlocks(), 'folded blocks after fork').toBe(32)
    expect(heap.folio(5)?.refcount, 'refcount: nobody else has it').toBe(oneplus ? 1 : 16)

    const spent = m.counters.scope(() => heap.write(5, 1))
    // oneplus.md section 8: reuse if the last reference.
    expect(spent.cowReuse, 'writes that reused').toBe(oneplus ? 1 : 0)
    expect(spent.cowCopy, 'writes that copied').toBe(oneplus ? 0 : 1)
    expect(spent.unfold, 'blocks unfolded').toBe(oneplus ? 0 : 1)
    expect(heap.foldedBlocks(), 'folded blocks').toBe(oneplus ? 32 : 31)
    expect(heap.folio(5)?.pfn === before, 'page 5 is where it was').toBe(oneplus)

    heap.write(0, 16)
    expect(heap.folio(4)?.order, 'order of page 4 after a write to each page of the block').toBe(
      oneplus ? 4 : 0
    )
    expect(heap.foldedBlocks(), 'folded blocks: order-0 pages never fold again').toBe(oneplus ? 32 : 31)
    expect(m.check(), 'broken invariants').toEqual([])
  }
})

import { experiment } from 'contpte-lab'

export default experiment({
  title: 'mprotect of half a block, then fork',
  topic: 'Consistent blocks',
  claim:
    'mprotect of a part unfolds the block; protected back, its last entry folds it again, in a child as well, whose two VMAs then share one folded block that its own fork has to cut.',
  source:
    'Barry Song and Ryan Roberts, 27 Nov 2023, thread on the v2 cover letter, case 2; contpte.md sections 2 (I6) and 5, fork.md sections 1 (F7) and 3',
  parameters: { kernel: ['linux-6.9', 'linux-6.12'] },

  run({ parameters: { kernel }, machine, expect }) {
    const m = machine({ kernel })
    m.sysfs.write('hugepages-64kB/enabled', 'always')
    const parent = m.spawn()
    const heap = parent.mmap({ bytes: '64KiB', align: '2MiB' })
    heap.write()

    const cut = m.counters.scope(() => heap.mprotect('r', 8, 8))
    // contpte.md section 5, but the last index tries to fold: it reads up to the writable neighbour.
    expect(cut.unfold, 'blocks unfolded by mprotect').toBe(1)
    expect(cut.fold, 'blocks folded').toBe(0)
    expect(parent.vmas().length, 'VMAs of the parent').toBe(2)

    const child = parent.fork()
    expect(child.batches(), 'batches: one a VMA').toEqual([8, 8])
    expect([heap.foldedBlocks(), heap.foldedBlocks(child)], 'folded in parent, child').toEqual([0, 0])

    // Nothing is exclusive any more: entries stay read-only, and are all alike.
    heap.mprotect('rw', 8, 8)
    heap.mprotect('rw', 8, 8, child)
    expect([heap.foldedBlocks(), heap.foldedBlocks(child)], 'folded again in parent, child').toEqual([1, 1])
    expect([parent.vmas().length, child.vmas().length], 'VMAs: merged in the parent only').toEqual([1, 2])

    let grandchild = child
    const again = m.counters.scope(() => (grandchild = child.fork()))
    expect(grandchild.batches(), 'batches of the second fork: cut at the border').toEqual([8, 8])
    // Already read-only: nothing to write-protect, so the cut costs the block nothing.
    expect(again.unfold, 'blocks unfolded by it').toBe(0)
    expect(heap.foldedBlocks(grandchild), 'but the grandchild is not born folded').toBe(0)
    expect(m.check(), 'broken invariants').toEqual([])
  }
})

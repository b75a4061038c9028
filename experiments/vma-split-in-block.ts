import { experiment } from 'contpte-lab'

export default experiment({
  title: 'A VMA border inside a folded block',
  topic: 'Consistent blocks',
  claim:
    'A VMA that is split in the middle of a folded block leaves it folded, and that is safe: what matters is one folio mapped contiguously over the block.',
  source:
    'Ryan Roberts, 27 Nov 2023, thread on the v2 cover letter, answer to case 2 of Barry Song; contpte.md I6; OnePlus: oneplus.md sections 1 and 2',
  parameters: {
    kernel: ['contpte-v2', 'linux-6.12', 'oneplus-5.15'],
    how: ['mlock', 'nohugepage', 'dontfork', 'mprotect', 'munmap']
  },

  run({ parameters: { kernel, how }, machine, expect }) {
    const oneplus = kernel === 'oneplus-5.15'
    const m = machine({ kernel, cpus: 2, tlb: {} })
    if (!oneplus) m.sysfs.write('hugepages-64kB/enabled', 'always')
    const p = m.spawn()
    const heap = p.mmap({ bytes: '2MiB', align: '2MiB', name: 'libc_malloc' })
    heap.write(0, 16)
    const other = m.cpu(1)
    expect(other.load(heap, 3).done, 'CPU 1 holds a translation of the block').toBe(true)

    const spent = m.counters.scope(() => {
      if (how === 'mlock') heap.mlock(8, 8)
      else if (how === 'mprotect') heap.mprotect('r', 8, 8)
      else if (how === 'munmap') heap.munmap(8, 8)
      else heap.madvise(how, 8, 8)
    })
    // mprotect and munmap change entries, which unfolds; OnePlus keeps blocks inside one VMA.
    const stays = !oneplus && how !== 'mprotect' && how !== 'munmap'
    expect(p.vmas().length > 1 || how === 'munmap', 'the VMA was split').toBe(true)
    expect(heap.block(0).folded, 'the block is folded').toBe(stays)
    if (!oneplus) expect(spent.unfold, 'blocks unfolded').toBe(stays ? 0 : 1)
    if (stays) {
      expect(other.tlb()[0]?.coalesced, 'the coalesced translation of CPU 1 may stay').toBe(true)
      expect(other.load(heap, 12), 'and serves a page beyond the border').toEqual({
        done: true,
        pfn: (heap.folio(0)?.pfn ?? 0) + 12,
        faults: 0
      })
    }
    expect(heap.block(0).misprogrammed, 'the block is misprogrammed').toBe(false)
    expect(other.store(heap, 2).done, 'a store by CPU 1 gets through').toBe(true)
    expect(m.check(), 'broken invariants').toEqual([])
  }
})

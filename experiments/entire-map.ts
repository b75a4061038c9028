import { experiment } from 'contpte-lab'

export default experiment({
  title: 'Counting a block as a whole: entire_map and DoubleMap',
  topic: 'Folio accounting',
  claim:
    'Where a folio is exactly one block, one entire mapcount for it works (#27, #30, #34): sharing costs one update instead of 16, and a partial unmap in A leaves B mapped as a whole.',
  source:
    'Barry Song, 27 Nov 2023, #27, #30 and #34, with code of the OnePlus tree; rules: oneplus.md sections 4 to 6',
  parameters: { kernel: ['oneplus-5.15', 'linux-6.12'] },

  run({ parameters: { kernel }, machine, expect }) {
    const oneplus = kernel === 'oneplus-5.15'
    const m = machine({ kernel })
    if (!oneplus) m.sysfs.write('hugepages-64kB/enabled', 'always')
    const a = m.spawn()
    const heap = a.mmap({ bytes: '2MiB', name: 'libc_malloc' })
    heap.write(0, 16)
    expect(heap.block(0).folded, 'one folded block').toBe(true)

    let b = a
    const fork = m.counters.scope(() => (b = a.fork()))
    expect(fork.folioRef, 'updates of the refcount by fork').toBe(1)
    // Upstream: one a page, and from 6.10 one of the total.
    expect(fork.mapcount, 'updates of mapcounts by fork').toBe(oneplus ? 1 : 17)
    expect(heap.folio(2)?.entireMapcount, 'entire mapcount with A and B').toBe(oneplus ? 2 : 0)
    // oneplus.md section 4: the parent's block is flushed to write-protect it, the child's to set it.
    expect(fork.tlbi, 'TLBIs of fork, the final one included').toBe(oneplus ? 2 * 16 + 1 : 1)

    heap.madvise('dontneed', 2, 1)
    expect(heap.block(2).contiguous, 'contiguous entries left in A').toBe(0)
    expect(heap.block(2).valid, 'valid entries left in A').toBe(15)
    expect(heap.block(2, b).folded, 'B is folded').toBe(true)
    expect(heap.folio(3)?.entireMapcount, 'entire mapcount: B alone').toBe(oneplus ? 1 : 0)
    // DoubleMap adds one to every page while some map it whole and some do not.
    expect(heap.folio(3)?.mapcount, 'mapcount of page 3').toBe(2)
    expect(heap.folio(2, b)?.mapcount, 'mapcount of page 2, which A dropped').toBe(1)
    b.exit()
    expect(heap.folio(3)?.entireMapcount, 'entire mapcount after B').toBe(0)
    expect(heap.folio(3)?.mapcount, 'mapcount of page 3 after B').toBe(1)
    expect(m.check(), 'broken invariants').toEqual([])
  }
})

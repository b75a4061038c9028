import { experiment } from 'contpte-lab'

export default experiment({
  title: 'Unmapping a part of a folded block',
  topic: 'Full teardown',
  claim:
    'munmap of a few pages of a block unfolds it first; what remains stays mapped, as plain entries of the same folio.',
  source:
    'Ryan Roberts, 27 and 28 Nov 2023, on v2 14/14; numbers of teardown.md section 6, partial clear, design D1',
  parameters: { kernel: ['no-contpte', 'contpte-v2'], count: [1, 4, 15] },

  run({ parameters: { kernel, count }, machine, expect }) {
    const m = machine({ kernel })
    m.sysfs.write('hugepages-64kB/enabled', 'always')
    const heap = m.spawn().mmap({ bytes: '128KiB', align: '2MiB' })
    heap.write()
    const folded = kernel === 'no-contpte' ? 0 : 1

    const { read, xchg, write, tlbi, unfold, folioFree } = m.counters
    heap.munmap(0, count)
    expect(m.counters.unfold - unfold, 'blocks unfolded').toBe(folded)
    // The first entry is gathered from all 16 and converts the block; then each is read and exchanged.
    expect(m.counters.read - read, 'descriptors read').toBe(folded ? 18 + 2 * (count - 1) : count)
    expect(m.counters.xchg - xchg, 'exchanges').toBe(16 * folded + count)
    expect(m.counters.write - write, 'plain stores').toBe(16 * folded)
    expect(m.counters.tlbi - tlbi, 'TLBIs: the unfold, then the pages').toBe(16 * folded + count)
    expect(m.counters.folioFree - folioFree, 'folios freed').toBe(0)

    expect(heap.foldedBlocks(), 'blocks still folded').toBe(folded)
    expect(heap.pte(count - 1).present, 'last unmapped page present').toBe(false)
    expect(heap.pte(15).present, 'last page of the block present').toBe(true)
    expect(heap.pte(15).contiguous, 'last page of the block contiguous').toBe(false)
    expect(heap.folio(15)?.refcount, 'refcount of the folio').toBe(16 - count)
  }
})

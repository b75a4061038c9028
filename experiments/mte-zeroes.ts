import { experiment } from 'contpte-lab'

export default experiment({
  title: 'Pages of zeroes have tags, too',
  topic: 'Swap',
  claim:
    'Memory that holds only zeroes is not written to swap by 6.12, but its tags are saved all the same, and come back. A folio that is split is another matter: 6.12 maps the shared page of zeroes for each of its pages that holds only zeroes, and as first released it forgot that such a page may have tags; they read 0 then, and a pointer with the old tag faults.',
  source:
    'mte-swap.md section 2.1 (6.12, `swap_writepage`); Lance Yang, September 2025, "mm/thp: fix MTE tag mismatch when replacing zero-filled subpages"; swap-reclaim.md section 2.4',
  parameters: {
    kernel: ['linux-6.10', 'linux-6.12.0', 'linux-6.12'],
    way: ['swapped out', 'split']
  },

  run({ parameters: { kernel, way }, machine, expect }) {
    const m = machine({ kernel, cpu: { mte: true }, swap: '16MiB' })
    m.sysfs.write('hugepages-64kB/enabled', 'always')
    const heap = m.spawn().mmap({ bytes: '64KiB', align: '2MiB', prot: 'rwm' })
    // Pages 0 to 7 hold something, 8 to 15 only zeroes where the folio is split; else all do.
    for (let page = 0; page < 16; page++) heap.store(page, way === 'split' && page < 8 ? 1 : 0)
    for (let page = 0; page < 16; page++) heap.setTags(15 - page, page, 1)

    const before = m.memory().events
    // Advice on a part of a folio splits it.
    const out = m.counters.scope(() => heap.madvise('pageout', 0, way === 'split' ? 1 : 16))
    const { events } = m.memory()
    const written = (events.pswpout ?? 0) - (before.pswpout ?? 0)
    const pages = way === 'split' ? 1 : 16
    const zeroMap = kernel !== 'linux-6.10' && way === 'swapped out'
    expect(written, 'pages written').toBe(zeroMap ? 0 : pages)
    expect(out.tagSave, 'pages whose tags are saved').toBe(pages)
    const lost = kernel === 'linux-6.12.0' && way === 'split'
    const right = Array.from({ length: 16 }, (_, page) => (lost && page >= 8 ? 0 : 15 - page))
    expect(heap.tags(), 'tags').toEqual(right)
    const zero = way === 'split' ? heap.pte(12).kind : ''
    expect(zero, 'what maps a page of zeroes after the split').toBe(
      way === 'split' ? (lost ? 'zero' : 'page') : ''
    )
    expect(m.check(), 'broken invariants').toEqual([])
  }
})

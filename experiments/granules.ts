import { experiment } from 'contpte-lab'

// contpte.md section 1: entries of a block, and the folio size that is one block.
const GRANULES = {
  '4K': { block: 16, folio: 64 },
  '16K': { block: 128, folio: 2048 },
  '64K': { block: 32, folio: 2048 }
} as const

export default experiment({
  title: 'Fork and the first write, by granule',
  topic: 'Fork batching',
  claim:
    'With larger granules a block is larger: fork reads each folded entry no oftener, but the unfold of the first write flushes as many pages as the block has.',
  source: 'contpte.md sections 1 and 3, fork.md section 7 (6.9 to 6.12, N pages in B blocks of C)',
  parameters: { granule: ['4K', '16K', '64K'], cpu: ['neoverse-n1', 'max'] },

  run({ parameters: { granule, cpu }, machine, record, expect }) {
    const { block, folio } = GRANULES[granule]
    // Without 52-bit addresses, with which a range must start at 64K.
    const m = machine({ kernel: 'linux-6.12', granule, cpu: { model: cpu, lpa2: false } })
    m.sysfs.write(`hugepages-${folio}kB/enabled`, 'always')
    const parent = m.spawn()
    const heap = parent.mmap({ bytes: '8MiB', align: '64MiB' })
    heap.write()
    const blocks = heap.length / block
    expect(heap.foldedBlocks(), 'folded blocks').toBe(blocks)

    let child = parent
    const fork = m.counters.scope(() => (child = parent.fork()))
    expect(fork.read, 'descriptors read: B (1 + C) + N').toBe(blocks * (1 + block) + heap.length)
    expect(fork.cas, 'entries write-protected').toBe(heap.length)
    expect(fork.unfold, 'blocks unfolded').toBe(0)
    expect(fork.tlbi, 'TLBIs').toBe(1)
    expect(heap.foldedBlocks(child), 'folded blocks of the child').toBe(blocks)

    const first = m.counters.scope(() => heap.write(1, 1))
    record('descriptor writes of the first write', first.write + first.xchg + first.cas)
    expect(first.unfold, 'blocks unfolded by the first write').toBe(1)
    // The block at once or page by page, and the page that is copied.
    expect(first.tlbi, 'TLBIs of the first write').toBe(cpu === 'max' ? 2 : block + 1)
    expect(first.pageCopy, 'pages copied').toBe(1)
    expect(m.check(), 'broken invariants').toEqual([])
  }
})

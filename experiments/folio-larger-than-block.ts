import { experiment } from 'contpte-lab'

export default experiment({
  title: 'A folio of several blocks, and the entire mapcount',
  topic: 'Folio accounting',
  claim:
    'A mapcount of the whole folio cannot count folded blocks (#29, #31): a folio may span several blocks, each of which can go alone, while every one that stays is still folded.',
  source:
    'Barry Song, 27 Nov 2023, #27, #30, #32; Ryan Roberts, 27 Nov 2023, #29, #31, #33: "it may be 128K ... or even a PTE-mapped THP (2M) and be mapped with 32 contpte blocks"',
  parameters: { kernel: ['contpte-v2', 'linux-6.12'], kib: [128, 512, 1024] },

  run({ parameters: { kernel, kib }, machine, expect }) {
    const m = machine({ kernel })
    const pages = kib / 4
    const blocks = pages / 16
    m.sysfs.write(`hugepages-${kib}kB/enabled`, 'always')
    const a = m.spawn()
    const heap = a.mmap({ bytes: kib * 1024, align: '2MiB' })
    heap.write()
    const b = a.fork()
    expect(heap.folio(0)?.pages, 'pages of the one folio').toBe(pages)
    expect([heap.foldedBlocks(), heap.foldedBlocks(b)], 'folded blocks in A, B').toEqual([blocks, blocks])
    expect(heap.folio(0)?.entireMapcount, 'entire mapcount: nothing maps it as a whole').toBe(0)
    expect(heap.folio(0)?.mapcount, 'mapcount of page 0').toBe(2)

    // A block that is dropped whole needs no unfold, and says nothing of the others.
    const whole = m.counters.scope(() => heap.madvise('dontneed', 0, 16))
    expect(whole.unfold, 'blocks unfolded when A drops a whole block').toBe(kernel === 'linux-6.12' ? 0 : 1)
    expect(heap.foldedBlocks(), 'folded blocks left in A: partially mapped, but folded').toBe(blocks - 1)
    expect(heap.foldedBlocks(b), 'folded blocks in B').toBe(blocks)
    expect(heap.folio(0, b)?.mapcount, 'mapcount of page 0').toBe(1)
    expect(heap.folio(16, b)?.mapcount, 'mapcount of page 16').toBe(2)

    // Every other block goes page by page: "each block could be unmapped unatomically".
    heap.madvise('dontneed', 18, 1)
    expect(heap.foldedBlocks(), 'folded blocks left in A').toBe(blocks - 2)
    expect(heap.folio(18, b)?.mapcount, 'mapcount of page 18').toBe(1)
    expect(heap.folio(19, b)?.mapcount, 'mapcount of page 19').toBe(2)
    expect(heap.folio(19, b)?.refcount, 'refcount: one for each entry').toBe(2 * pages - 17)
    expect(m.check(), 'broken invariants').toEqual([])
  }
})

import { experiment } from 'contpte-lab'

/** Folios of 64K, and what stays mapped of each. */
const FOLIOS = 128
const KEPT = 4

export default experiment({
  title: 'Pages that nothing maps come back only under pressure',
  topic: 'Per-size THP',
  claim:
    'MADV_DONTNEED of a part of a folio frees nothing: the rest holds the whole folio, on the deferred-split list. When memory runs out folios of that list are split, oldest first, and only as many as are needed.',
  source:
    'thp-sysfs.md section 8; linux-6.12 mm/huge_memory.c, deferred_split_scan. Barry Song, 28 Nov 2023, #47 (memory footprint of heaps that free single pages)',
  parameters: {
    kernel: ['linux-6.9', 'linux-6.12'],
    pressure: ['none', 'a quarter', 'all of it']
  },

  run({ parameters: { kernel, pressure }, machine, record, expect }) {
    const m = machine({ kernel, memory: '16MiB' })
    m.shell('echo always > hugepages-64kB/enabled')
    const p = m.spawn()
    const heap = p.mmap({ bytes: FOLIOS * 65_536 })
    // Something that is not zero: 6.12 gives pages of zeroes back when it splits, mapped or not.
    for (let page = 0; page < FOLIOS * 16; page++) heap.store(page, 1)
    const before = m.memory()
    for (let folio = 0; folio < FOLIOS; folio++) heap.madvise('dontneed', folio * 16 + KEPT, 16 - KEPT)
    const held = FOLIOS * (16 - KEPT)
    const cut = m.memory()
    expect(p.rss().anon, 'pages resident').toBe(FOLIOS * KEPT)
    expect(cut.free, 'free pages: none came back').toBe(before.free)
    expect(
      [cut.deferred.folios, cut.deferred.unmapped],
      'folios on the list, pages held for nothing'
    ).toEqual([FOLIOS, held])

    // Single pages from here on: all that is free, and of what is held the share asked for.
    const wanted = pressure === 'none' ? 0 : pressure === 'all of it' ? held : held / 4
    const other = p.mmap({ bytes: (cut.free + wanted) * 4096 })
    other.madvise('nohugepage')
    other.write(0, pressure === 'none' ? cut.free : cut.free + wanted)
    const after = m.memory()
    const split = FOLIOS - after.deferred.folios
    record('folios split', split, 'folios')
    record('pages held for nothing', after.deferred.unmapped, 'pages')
    // A pass of reclaim wants 32 pages: it ends at the first folio with which it has them.
    const most = Math.ceil(wanted / (16 - KEPT)) + Math.ceil(32 / (16 - KEPT))
    expect(split, 'folios split, at least').toBeAtLeast(wanted / (16 - KEPT))
    expect(split, 'folios split, at most').toBeAtMost(Math.min(FOLIOS, wanted === 0 ? 0 : most))
    expect(after.deferred.unmapped, 'pages still held').toBe(held - split * (16 - KEPT))
    const order = (folio: number) => heap.folio(folio * 16)?.order
    expect([order(0), order(FOLIOS - 1)], 'order of the oldest folio, and of the youngest').toEqual([
      split > 0 ? 0 : 4,
      split === FOLIOS ? 0 : 4
    ])
    if (kernel === 'linux-6.12') {
      const stat = (name: string) => Number(m.sysfs.read(`hugepages-64kB/stats/${name}`))
      expect([stat('split'), stat('nr_anon')], 'splits counted, folios left').toEqual([split, FOLIOS - split])
    }
    expect(m.check(), 'broken invariants').toEqual([])
  }
})

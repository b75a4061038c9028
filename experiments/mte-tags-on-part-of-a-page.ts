import { experiment } from 'contpte-lab'

export default experiment({
  title: 'Tags on a part of a page',
  topic: 'Swap',
  claim:
    'An allocator tags 16 bytes at a time, and a page of objects has many tags. The test that design M7 makes at swap-out, "are all tags zero", so reads all 128 bytes of every page: one object of 16 bytes is enough to store them. What was stored comes back granule by granule, at the ends of a page, too; a page freed as a whole, all of it 0 again, is stored by M3 and M10 and not by M7.',
  source:
    'Steven Price, 24 Nov 2023, and Ryan Roberts, 27 Nov 2023, "[RFC V3 PATCH] arm64: mm: swap: save and restore mte tags for large folios"; mte-swap.md sections 1.1, 1.2 and 3 (M7)',
  parameters: { design: ['M3', 'M7', 'M10'], kernel: ['linux-6.10', 'linux-6.12'] },

  run({ parameters: { design, kernel }, machine, expect }) {
    const m = machine({ kernel, mteDesign: design, cpu: { mte: true }, swap: '16MiB' })
    m.sysfs.write('hugepages-64kB/enabled', 'always')
    const process = m.spawn()
    const heap = process.mmap({ bytes: '64KiB', align: '2MiB', prot: 'rwm' })
    heap.write()
    // Page 0: objects of 1 KiB. Pages 1 to 13: one object of 16 bytes, at another place in each. Page 14: freed again.
    const objects = [3, 9, 3, 12]
    objects.forEach((tag, i) => heap.setTags(tag, 0, 1, process, { offset: i * 1024, bytes: '1KiB' }))
    const placeOf = (page: number) => (page === 13 ? 4080 : (page - 1) * 256)
    for (let page = 1; page < 14; page++)
      heap.setTags(page, page, 1, process, { offset: placeOf(page), bytes: 16 })
    heap.setTags(5, 14, 1, process, { bytes: 64 })
    heap.setTags(0, 14, 1, process, { bytes: 64 })
    const tags = heap.tags()
    expect(tags.slice(0, 2), 'tags of pages 0 and 1').toEqual([
      [3, 9, 12],
      [0, 1]
    ])

    const out = m.counters.scope(() => heap.madvise('pageout'))
    expect(out.tagScan, 'pages whose tags are read to see whether they are 0').toBe(design === 'M7' ? 16 : 0)
    expect(out.tagSave, 'pages whose tags are stored').toBe(design === 'M7' ? 14 : 16)
    expect(m.swapArea().tagBytes, 'bytes of saved tags').toBe((design === 'M7' ? 14 : 16) * 128)

    expect(heap.tags(), 'tags of all pages, back from swap').toEqual(tags)
    const back = objects.map((_, i) => heap.tags(0, 1, process, { offset: i * 1024, bytes: '1KiB' })[0])
    expect(back, 'tags of the objects on page 0').toEqual(objects)
    for (let page = 1; page < 14; page++) {
      const at = placeOf(page)
      const here = heap.tags(page, 1, process, { offset: at, bytes: 16 })
      expect(here, `tag of the object on page ${page}`).toEqual([page])
      if (at > 0) expect(heap.tags(page, 1, process, { bytes: at }), 'tags before it').toEqual([0])
    }
    expect(m.check(), 'broken invariants').toEqual([])
  }
})

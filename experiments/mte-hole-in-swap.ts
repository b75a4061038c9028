import { experiment } from 'contpte-lab'

export default experiment({
  title: 'A folio is not read whole when a slot of it is gone',
  topic: 'Swap',
  claim:
    'Could a large folio be read back whole although MADV_DONTNEED dropped the tags of one of its slots, and take no tags, or those of whoever has the slot now? It cannot: 6.12 reads a folio whole only where all entries hold consecutive slots, so no slot of it was freed. With a hole, pages come back one by one, each with its own tags; the hole is a fresh page with tags 0.',
  source:
    'Barry Song, 24 Nov 2023, with MADV_DONTNEED on 4K of a folio, "[RFC V3 PATCH] arm64: mm: swap: save and restore mte tags for large folios"; whole folios are read since Barry Song and Chuanhua Han, "mm: support large folios swap-in for sync io devices", 6.12; mte-swap.md, hazard H6, swap-reclaim.md section 4.2',
  parameters: { design: ['M3', 'M4', 'M7', 'M10'], hole: ['none', 'empty', 'filled again'] },

  run({ parameters: { design, hole }, machine, expect }) {
    const m = machine({ kernel: 'linux-6.12', mteDesign: design, cpu: { mte: true }, swap: '16MiB' })
    m.sysfs.write('hugepages-64kB/enabled', 'always')
    const heap = m.spawn().mmap({ bytes: '64KiB', align: '2MiB', prot: 'rwm' })
    heap.write()
    for (let page = 0; page < 16; page++) heap.setTags(15 - page, page, 1)
    heap.madvise('pageout')
    expect(m.swapArea().cached, 'folios left in the swap cache').toBe(0)
    if (hole !== 'none') heap.madvise('dontneed', 2, 1)
    if (hole === 'filled again') {
      // Page 2 is swapped out again, by itself: its slot is another one.
      heap.write(2, 1)
      heap.setTags(7, 2, 1)
      heap.madvise('pageout', 2, 1)
    }

    let tags: (number | number[])[] = []
    const back = m.counters.scope(() => (tags = heap.tags()))
    const right = Array.from({ length: 16 }, (_, page) => 15 - page)
    if (hole !== 'none') right[2] = hole === 'empty' ? 0 : 7
    expect(tags, 'tags').toEqual(right)
    expect(back.fault, 'faults').toBe(hole === 'none' ? 1 : 16)
    const saved = right.filter(
      (tag, page) => (design !== 'M7' || tag !== 0) && (page !== 2 || hole !== 'empty')
    )
    expect(back.tagCopy, 'pages whose tags are copied').toBe(saved.length)
    expect(m.check(), 'broken invariants').toEqual([])
  }
})

import { experiment } from 'contpte-lab'

/** What each design does for 16 tagged pages that refault from the swap cache, one entry a fault. */
const LOOKUPS = { M1: 256, M2: 16, M3: 16, M4: 256, M5: 16, M6: 16, M7: 16, M8: 16, M9: 256, M10: 256 }

export default experiment({
  title: 'Restoring tags: 256 lookups or 16',
  topic: 'Swap',
  claim:
    '"we have to restore 16 (tags we restore in each page fault) * 16 (the times of page faults) for this large folio": true of lookups where the folio is restored as a whole (M1, M4, M9, M10), but no tag is copied, because all pages still have theirs; page by page it is 16, and remembering costs 15 checks. From 6.11 one fault maps the folio, with 16 lookups.',
  source:
    'Barry Song, 17 Nov 2023, and David Hildenbrand, 16 and 17 Nov 2023, "[RFC V3 PATCH] arm64: mm: swap: save and restore mte tags for large folios"; mte-swap.md section 3',
  parameters: {
    design: ['M1', 'M2', 'M3', 'M4', 'M5', 'M6', 'M7', 'M8', 'M9', 'M10'],
    kernel: ['linux-6.10', 'linux-6.12']
  },

  run({ parameters: { design, kernel }, machine, expect }) {
    const m = machine({
      kernel,
      mteDesign: design,
      cpu: { mte: true },
      swap: '16MiB',
      swapDevice: { synchronous: false }
    })
    m.sysfs.write('hugepages-64kB/enabled', 'always')
    const heap = m.spawn().mmap({ bytes: '64KiB', align: '2MiB', prot: 'rwm' })
    heap.write()
    for (let page = 0; page < 16; page++) heap.setTags(page, page, 1)
    heap.madvise('pageout')
    expect(m.swapArea().tagBytes, 'bytes of saved tags').toBe(
      (design === 'M1' ? 1 : 15 + (design === 'M7' ? 0 : 1)) * 128
    )

    let tags: (number | number[])[] = []
    const back = m.counters.scope(() => (tags = heap.tags()))
    expect(tags, 'tags').toEqual(Array.from({ length: 16 }, (_, page) => page))
    const whole = kernel === 'linux-6.12'
    expect(back.fault, 'faults').toBe(whole ? 1 : 16)
    expect(back.tagLookup, 'lookups').toBe(whole ? 16 : LOOKUPS[design])
    expect(back.tagCopy, 'pages copied').toBe(design === 'M7' ? 15 : 0)
    expect(back.tagCheck, 'checks').toBe(!whole && (design === 'M5' || design === 'M6') ? 15 : 0)
    expect(m.check(), 'broken invariants').toEqual([])
  }
})

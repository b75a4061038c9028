import { experiment } from 'contpte-lab'

export default experiment({
  title: 'Tags on a part of a folio',
  topic: 'Swap',
  claim:
    'MTE can be enabled on a part of a folio by mprotect, so PG_mte_tagged cannot be one flag for the folio: with it (M6) a process reads tags of whoever had the frames before. A flag a page (M3, M10) saves 8 pages of 16, and clears the rest when it is tagged.',
  source:
    'Steven Price, 20 Nov 2023, answering Ryan Roberts, 20 Nov 2023, "[RFC V3 PATCH] arm64: mm: swap: save and restore mte tags for large folios"; mte-swap.md, hazards H7 and H8',
  parameters: { design: ['M3', 'M6', 'M10'] },

  run({ parameters: { design }, machine, expect }) {
    const m = machine({ kernel: 'linux-6.12', mteDesign: design, cpu: { mte: true }, swap: '16MiB' })
    m.sysfs.write('hugepages-64kB/enabled', 'always')
    const parent = m.spawn()
    const before = parent.mmap({ bytes: '64KiB', align: '2MiB', prot: 'rwm' })
    before.write()
    before.setTags(9)
    before.munmap()

    const heap = parent.mmap({ bytes: '64KiB', align: '2MiB' })
    heap.write()
    heap.mprotect('rwm', 0, 8)
    const leaks = heap.tags(0, 8).includes(9)
    heap.setTags(4, 0, 8)
    const out = m.counters.scope(() => heap.madvise('pageout'))
    heap.mprotect('rwm', 8, 8)
    const tags = heap.tags()
    expect(tags.slice(0, 8), 'tags of the first half').toEqual(Array.from({ length: 8 }, () => 4))
    expect(leaks || tags.includes(9), 'tags of somebody else are seen').toBe(design === 'M6')
    expect(out.tagSave, 'pages whose tags are saved').toBe(design === 'M6' ? 16 : 8)
  }
})

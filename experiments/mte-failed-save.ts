import { experiment } from 'contpte-lab'

export default experiment({
  title: 'A save of tags that fails in the middle',
  topic: 'Swap',
  claim:
    'Saving the tags of a folio can run out of memory at any page. What was saved must be undone: RFC v2 (M2) misses the first page, RFC v1 (M1) saves no other page at all, and gives every page its tags. V3 and what became upstream leave nothing behind; the folio stays in memory with its tags.',
  source:
    'Ryan Roberts and Steven Price, 2 to 6 Nov 2023, "mm: swap: swap-out small-sized THP without splitting" 4/4; mte-swap.md sections 4.1, 4.2, hazards H10 and H12',
  parameters: { design: ['M1', 'M2', 'M3', 'M10'] },

  run({ parameters: { design }, machine, expect }) {
    const m = machine({ kernel: 'linux-6.12', mteDesign: design, cpu: { mte: true }, swap: '16MiB' })
    m.sysfs.write('hugepages-64kB/enabled', 'always')
    const heap = m.spawn().mmap({ bytes: '64KiB', align: '2MiB', prot: 'rwm' })
    heap.write()
    for (let page = 0; page < 16; page++) heap.setTags(15 - page, page, 1)
    m.tagBuffers(9)
    heap.madvise('pageout')
    const left = m.swapArea().tagBytes / 128
    expect(left, 'buffers left').toBe(design === 'M1' || design === 'M2' ? 1 : 0)
    const right = Array.from({ length: 16 }, (_, page) => 15 - page)
    expect(heap.tags(), 'tags').toEqual(design === 'M1' ? right.map(() => 15) : right)
  }
})

import { experiment } from 'contpte-lab'

export default experiment({
  title: 'A save of tags that fails in the middle',
  topic: 'Swap',
  claim:
    'Saving the tags of a folio can run out of memory at any page. What was saved must be undone: RFC v2 (M2) misses the first page, and where that one fails it goes on below the folio and drops what is saved of others; RFC v1 (M1) saves no other page at all, and gives every page its tags. V3 and what became upstream leave nothing behind; the folio stays in memory with its tags.',
  source:
    'Ryan Roberts and Steven Price, 2 to 6 Nov 2023, "mm: swap: swap-out small-sized THP without splitting" 4/4; mte-swap.md sections 4.1, 4.2, hazards H10 and H12',
  parameters: { design: ['M1', 'M2', 'M3', 'M10'], fails: ['at page 9', 'at page 0'] },

  run({ parameters: { design, fails }, machine, expect }) {
    const middle = fails === 'at page 9'
    const m = machine({
      kernel: 'linux-6.12',
      mteDesign: design,
      cpu: { mte: true },
      swap: '16MiB',
      // With a slow device the other folio waits in the swap cache.
      swapDevice: { synchronous: middle }
    })
    m.sysfs.write('hugepages-64kB/enabled', 'always')
    const process = m.spawn()
    const all = Array.from({ length: 16 }, (_, page) => page)
    const tagged = () => {
      const region = process.mmap({ bytes: '64KiB', align: '2MiB', prot: 'rwm' })
      region.write()
      for (const page of all) region.setTags(15 - page, page, 1)
      return region
    }
    // Another folio is swapped out, and its tags are saved.
    const other = tagged()
    other.madvise('pageout')
    const saved = m.swapArea().tagBytes / 128
    expect(saved, 'buffers of the other folio').toBe(design === 'M1' ? 1 : 16)

    const heap = tagged()
    m.tagBuffers(saved + (middle ? 9 : 0))
    heap.madvise('pageout')
    const left = m.swapArea().tagBytes / 128 - saved
    if (middle) expect(left, 'buffers left').toBe(design === 'M1' || design === 'M2' ? 1 : 0)
    else expect(left, 'buffers left').toBe(design === 'M2' ? -16 : 0)

    const right = all.map((page) => 15 - page)
    // RFC v1: a folio that is read whole gets the tags of its first page, pages read one by one get none.
    const firstOnly = middle ? right.map(() => 15) : [15, ...right.slice(1).map(() => 0)]
    expect(heap.tags(), 'tags').toEqual(design === 'M1' && middle ? firstOnly : right)
    m.reclaimSwapCache()
    const dropped = design === 'M2' && !middle
    const ofOther = dropped ? right.map(() => 0) : design === 'M1' ? firstOnly : right
    expect(other.tags(), 'tags of the other folio').toEqual(ofOther)
  }
})

import { experiment } from 'contpte-lab'

export default experiment({
  title: 'PROT_MTE on the first page tags the whole folio',
  topic: 'Swap',
  claim:
    '6.1 loops over the whole folio when an entry of its first page gets PROT_MTE: all 512 pages of a PTE-mapped THP are cleared and flagged, though one is tagged, and swap saves the tags of all of them. On any other page it is that page alone. Later kernels look at the pages that the entries map. Nothing leaks: what is flagged too early was cleared.',
  source:
    'Steven Price, 20 Nov 2023, "[RFC V3 PATCH] arm64: mm: swap: save and restore mte tags for large folios", on MTE enabled on a part of a folio; mte-swap.md section 2.3 (6.1 `mte_sync_tags`), hazard H9',
  parameters: { kernel: ['linux-6.1', 'linux-6.12'], page: [0, 5] },

  run({ parameters: { kernel, page }, machine, expect }) {
    const m = machine({ kernel, cpu: { mte: true }, swap: '16MiB' })
    m.sysfs.write('enabled', 'always')
    const process = m.spawn()
    // The frames had tags once: what is not cleared would show them.
    const before = process.mmap({ bytes: '2MiB', align: '2MiB', prot: 'rwm' })
    before.write()
    before.setTags(9)
    before.munmap()

    const heap = process.mmap({ bytes: '2MiB', align: '2MiB' })
    heap.write()
    expect(heap.pte(0).kind, 'mapped by').toBe('pmd')
    heap.mprotect('rwm', page, 1)
    expect(heap.pte(0).kind, 'mapped by').toBe('page')
    expect(heap.tags(page, 1), 'the tag of the page').toEqual([0])
    heap.setTags(4, page, 1)
    // The rest is tagged later: it must read 0, and never what was there.
    const out = m.counters.scope(() => heap.madvise('pageout'))
    const all = kernel === 'linux-6.1' && page === 0
    expect(out.tagSave, 'pages whose tags are saved').toBe(all ? 512 : 1)
    heap.mprotect('rwm')
    const tags = heap.tags()
    expect(
      tags.filter((tag) => tag !== 0),
      'tags that are not 0'
    ).toEqual([4])
    expect(tags[page], 'the tag of the page, back from swap').toBe(4)
    expect(m.check(), 'broken invariants').toEqual([])
  }
})

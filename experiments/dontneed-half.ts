import { experiment } from 'contpte-lab'

// teardown.md section 6, j = 8 entries of one folded block; upstream reads one entry more where the range
// does not end with the block. D1 reads two an entry after the first.
const READS: Readonly<Record<string, readonly [first: number, second: number]>> = {
  'contpte-v2': [18 + 14, 18 + 14],
  'linux-6.9': [17 + 2, 17 + 1],
  'linux-6.12': [17 + 2, 17 + 1]
}

export default experiment({
  title: 'DONTNEED of half a folio',
  topic: 'Full teardown',
  claim:
    'The half that is dropped costs one unfold; the folio stays whole in memory until its last page goes, and the half that is left never folds again by itself.',
  source:
    'Barry Song, 27 Nov 2023, #32 and #34 (heaps free less than a folio); Ryan Roberts, 27 Nov 2023, #33; numbers of teardown.md section 6',
  parameters: { kernel: ['contpte-v2', 'linux-6.9', 'linux-6.12'], half: ['first', 'second'] },

  run({ parameters: { kernel, half }, machine, expect }) {
    const m = machine({ kernel })
    m.sysfs.write('hugepages-64kB/enabled', 'always')
    const p = m.spawn()
    const heap = p.mmap({ bytes: '64KiB', align: '2MiB' })
    heap.write()
    const first = half === 'first' ? 0 : 8
    const left = 8 - first

    const spent = m.counters.scope(() => heap.madvise('dontneed', first, 8))
    expect(spent.read, 'descriptors read').toBe(READS[kernel][first / 8])
    expect(spent.unfold, 'blocks unfolded').toBe(1)
    expect(spent.tlbi, 'TLBIs: the unfold, then the pages').toBe(16 + 8)
    expect(spent.pageFree, 'pages freed').toBe(0)
    expect(p.rss().anon, 'resident pages').toBe(8)
    expect(heap.folio(left)?.pages, 'pages of the folio').toBe(16)
    expect(heap.folio(left)?.refcount, 'refcount').toBe(8)

    heap.write(first, 8)
    expect(heap.folio(first)?.pfn === heap.folio(left)?.pfn, 'the half comes back in another folio').toBe(
      false
    )
    expect(heap.foldedBlocks(), 'folded blocks: two folios in one block').toBe(0)
    const rest = m.counters.scope(() => heap.madvise('dontneed', left, 8))
    expect(rest.pageFree, 'pages freed with the last of the folio').toBe(16)
    expect(m.check(), 'broken invariants').toEqual([])
  }
})

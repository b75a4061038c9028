import { experiment } from 'contpte-lab'

// teardown.md section 2, 4K pages: one slot a page up to 6.8, two slots a folio from 6.9.
const FULL = { 'contpte-v2': 9698, 'linux-6.12': 4849 * 16 } as const

export default experiment({
  title: 'The gather fills in the middle of a block',
  topic: 'Full teardown',
  claim:
    'A full gather makes exit give up pages in the middle of a block (the force_flush of the thread), while their neighbours can still map them. No partial TLBI goes out, and what goes is references: a block lies in one folio, whose memory is free only when its last entry is cleared.',
  source:
    'Barry Song, 28 Nov 2023, on v2 14/14 ("zap_pte_range() has a force_flush when tlbbatch is full"), and the answer of Ryan Roberts; teardown.md section 2, T2, and example Z6',
  parameters: { kernel: ['contpte-v2', 'linux-6.12'] },

  run({ parameters: { kernel }, machine, expect }) {
    const v2 = kernel === 'contpte-v2'
    const m = machine({ kernel, cpus: 2, tlb: {} })
    m.sysfs.write('hugepages-64kB/enabled', 'always')
    const p = m.spawn()
    const heap = p.mmap({ bytes: v2 ? '40MiB' : '320MiB', align: '2MiB' })
    heap.write()
    const other = m.cpu(1)
    const full = FULL[kernel]
    const folio = full - (full % 16) // first page of the block that is under way

    const { pageFree, tlbi } = m.counters
    let cleared = 0
    let looked = false
    m.onStep((step) => {
      if (step !== 'entries cleared') return
      cleared += v2 ? 1 : 16
      // Another CPU takes a translation of the block just before the gather is full.
      if (cleared === folio) other.load(heap, folio + 9)
      if (looked || m.counters.pageFree === pageFree) return
      looked = true
      expect(cleared, 'entries cleared when the first pages are freed, and one step more').toBe(
        full + (v2 ? 1 : 16)
      )
      expect(m.counters.pageFree - pageFree, 'pages freed: whole folios only').toBe(folio)
      expect(m.counters.tlbi - tlbi, 'TLBIs so far').toBe(0)
      const block = heap.block(folio)
      expect(block.misprogrammed, 'the block is misprogrammed').toBe(false)
      expect(block.contiguous, 'contiguous entries left in it').toBe(v2 ? 13 : 0)
      if (v2) {
        expect(heap.folio(folio + 9)?.refcount, 'references of its folio: two went with the flush').toBe(14)
        expect(
          other.load(heap, folio).pfn,
          'CPU 1 still reaches the first page, by the translation of the block'
        ).toBe(heap.folio(folio + 9)?.pfn)
      }
    })
    p.exit()
    m.onStep(undefined)

    expect(looked, 'the gather was full before the end').toBe(true)
    expect(m.counters.tlbi - tlbi, 'TLBIs in all: the last one').toBe(1)
    expect(
      m.check().map(({ rule }) => rule),
      'broken invariants: no CPU reaches freed memory'
    ).toEqual([])
  }
})

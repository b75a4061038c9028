import { experiment } from 'contpte-lab'

const PAGES = 512 // 2 MiB: one page table
const BLOCKS = PAGES / 16

// teardown.md section 7, example Z1: designs D0, D1 and D2. The last TLBI is the final ASIDE1IS.
const EXPECTED = {
  'no-contpte': { reads: PAGES, exchanges: PAGES, stores: 0, tlbis: 1 },
  'contpte-unbatched': { reads: 1536, exchanges: 1024, stores: 512, tlbis: 512 + 1 },
  'contpte-v2': { reads: 9216, exchanges: 512, stores: 0, tlbis: 1 }
} as const

export default experiment({
  title: 'Exit of a folded process',
  topic: 'Full teardown',
  claim: 'When the whole mm goes, entries can be cleared without unfolding: only the final flush is sent.',
  source: 'Ryan Roberts, 15 Nov 2023, v2 14/14; numbers of teardown.md, example Z1',
  parameters: { kernel: ['no-contpte', 'contpte-unbatched', 'contpte-v2'] },

  run({ parameters: { kernel }, machine, record, expect }) {
    const m = machine({ kernel, cost: 'ampere-altra' })
    m.sysfs.write('hugepages-64kB/enabled', 'always')
    const process = m.spawn()
    const heap = process.mmap({ bytes: '2MiB', align: '2MiB' })
    heap.write()
    expect(heap.foldedBlocks(), 'blocks folded before exit').toBe(kernel === 'no-contpte' ? 0 : BLOCKS)

    const { read, xchg, write, tlbi, unfold, folioFree } = m.counters
    record(
      'exit',
      m.time(() => process.exit()),
      'ns'
    )
    const expected = EXPECTED[kernel]
    expect(m.counters.read - read, 'descriptors read').toBe(expected.reads)
    expect(m.counters.xchg - xchg, 'exchanges').toBe(expected.exchanges)
    expect(m.counters.write - write, 'plain stores').toBe(expected.stores)
    expect(m.counters.tlbi - tlbi, 'TLBIs').toBe(expected.tlbis)
    expect(m.counters.unfold - unfold, 'blocks unfolded').toBe(kernel === 'contpte-unbatched' ? BLOCKS : 0)
    expect(m.counters.folioFree - folioFree, 'folios freed').toBe(BLOCKS)
  }
})

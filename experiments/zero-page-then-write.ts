import { experiment } from 'contpte-lab'

const PAGES = 16 * 64

export default experiment({
  title: 'A read before the first write loses the large folio',
  topic: 'Per-size THP',
  claim:
    'Upstream a load maps one page of zeroes, and from then on stores to its block get single pages; OnePlus maps a block of zeroes, and the store copies it into a block.',
  source:
    'Barry Song, 27 Nov 2023, #38 and 28 Nov 2023, #40 (contpte zero page); Ryan Roberts, 28 Nov 2023, #39 and #42 (zero page stays a base page)',
  parameters: { kernel: ['linux-6.9', 'linux-6.12', 'oneplus-5.15'], read: ['none', 'one of 16', 'all'] },

  run({ parameters: { kernel, read }, machine, record, expect }) {
    const m = machine({ kernel })
    const oneplus = kernel === 'oneplus-5.15'
    if (!oneplus) m.shell('echo always > hugepages-64kB/enabled')
    const heap = m.spawn().mmap({ bytes: PAGES * 4096 * 2, name: 'libc_malloc' })
    const step = read === 'all' ? 1 : 16
    if (read !== 'none') for (let page = 0; page < PAGES; page += step) heap.read(page, 1)
    const zero = read === 'none' ? 'none' : oneplus ? 'page' : 'zero'
    expect(heap.pte(0).kind === 'none' ? 'none' : zero, 'first entry after the loads').toBe(zero)

    const spent = m.counters.scope(() => heap.write(0, PAGES))
    const kept = heap.foldedBlocks() / (PAGES / 16)
    record('blocks that became large folios', kept)
    record('faults of the stores', spent.fault, 'faults')
    expect(kept, 'share of blocks that became large folios').toBe(oneplus || read === 'none' ? 1 : 0)
    expect(spent.fault, 'faults of the stores').toBe(oneplus || read === 'none' ? PAGES / 16 : PAGES)
    expect(m.check(), 'broken invariants').toEqual([])
  }
})

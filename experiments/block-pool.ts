import { experiment } from 'contpte-lab'

/** Blocks of 64K that the heap could have. */
const BLOCKS = 1024

export default experiment({
  title: 'A pool of 64K blocks when memory lies in pieces',
  topic: 'Per-size THP',
  claim:
    'Where no free block of memory has 64K in line any more, large folios come from a pool that was filled before and from nothing else: as many as it held, then base pages.',
  source:
    'Barry Song, 27 Nov 2023, #37 (phones that run many apps lose large folios without the pool); oneplus.md section 9',
  parameters: { memory: ['whole', 'in pieces'], pool: ['none', 'filled', 'limited to 8MiB'] },

  run({ parameters: { memory, pool }, machine, record, expect }) {
    const m = machine({ kernel: 'oneplus-5.15', memory: '1GiB' })
    const heap = m.spawn().mmap({ bytes: BLOCKS * 65_536, align: '2MiB', name: 'libc_malloc' })
    const filled = pool === 'none' ? 0 : m.refillBlocks()
    expect(filled, 'the thread fills up to 32 MiB').toBe(pool === 'none' ? 0 : 512)
    if (pool === 'limited to 8MiB') m.limitBlocks('8MiB')
    if (memory === 'in pieces') m.fragment({ order: 3 })
    heap.write()

    const { inUse, ready } = m.blockPool()
    const limit = pool === 'limited to 8MiB' ? 128 : BLOCKS
    expect(inUse, 'blocks of 64K in use').toBe(Math.min(limit, memory === 'whole' ? BLOCKS : filled))
    expect(heap.foldedBlocks(), 'blocks of contiguous entries').toBe(inUse)
    expect(ready, 'blocks that wait').toBe(Math.max(0, filled - inUse))
    // Below half it is filled again, where there is anything to fill it with.
    const wanted = ready < 256 ? 512 - ready : 0
    expect(m.refillBlocks(), 'blocks that the next wake-up takes').toBe(memory === 'whole' ? wanted : 0)
    record('64K folios', inUse, '1')
    record('base pages', (BLOCKS - inUse) * 16, 'pages')
    expect(m.check(), 'broken invariants').toEqual([])
  }
})

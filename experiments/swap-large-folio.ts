import { experiment } from 'contpte-lab'

/** Whether a kernel swaps a large folio out whole. */
const WHOLE_OUT = { 'linux-6.1': false, 'linux-6.9': false, 'linux-6.10': true, 'linux-6.12': true }

export default experiment({
  title: 'A 64K folio goes to swap and comes back',
  topic: 'Swap',
  claim:
    'Up to 6.9 a folio mapped by PTEs is split before it is swapped out; from 6.10 it goes whole, to consecutive slots. It comes back page by page, 16 faults, even from the swap cache, where it still is one folio and the last fault folds its block; from 6.11 one fault maps it from there, and 6.12 reads it whole from a synchronous device. Zeroes are not written by 6.12, which has a map of them; swapoff brings all of it back page by page.',
  source:
    'Ryan Roberts, 28 Nov 2023, #39, and Barry Song, #41, on folios that do not come back; Ryan Roberts, "Swap-out mTHP without splitting" v7, Apr 2024 (6.10); swap-reclaim.md sections 2, 4 and 6',
  parameters: {
    kernel: ['linux-6.1', 'linux-6.9', 'linux-6.10', 'linux-6.12'],
    way: ['device', 'swap cache', 'zeroes', 'swapoff']
  },

  run({ parameters: { kernel, way }, machine, expect }) {
    const m = machine({
      kernel,
      swap: '64MiB',
      swapDevice: { synchronous: way !== 'swap cache', compression: 4 }
    })
    const sizes = kernel !== 'linux-6.1'
    if (sizes) m.sysfs.write('hugepages-64kB/enabled', 'always')
    const process = m.spawn()
    const heap = process.mmap({ bytes: '64KiB', align: '2MiB' })
    heap.write()
    for (let page = 0; page < 16; page++) heap.store(page, way === 'zeroes' ? 0 : 1 + page)
    expect(heap.folio(0)?.order, 'order of the folio').toBe(sizes ? 4 : 0)

    const before = m.memory().events
    heap.madvise('pageout')
    const { events } = m.memory()
    const counted = (name: string) => (events[name] ?? 0) - (before[name] ?? 0)
    const zeroMap = way === 'zeroes' && kernel === 'linux-6.12'
    expect(counted('pswpout'), 'pages written').toBe(zeroMap ? 0 : 16)
    expect(counted('swpout_zero'), 'pages noted to be zeroes').toBe(zeroMap ? 16 : 0)
    expect(process.rss(), 'resident set').toEqual({ anon: 0, file: 0, swap: 16 })
    expect(m.swapArea().deviceBytes, 'bytes on the device, compressed').toBe(zeroMap ? 0 : 16384)
    if (kernel === 'linux-6.12') {
      const whole = zeroMap ? '0' : '1'
      expect(m.sysfs.read('hugepages-64kB/stats/swpout').trim(), 'folios written whole').toBe(whole)
    }
    expect(m.swapArea().cached, 'folios left in the swap cache').toBe(
      way === 'swap cache' ? (WHOLE_OUT[kernel] ? 1 : 16) : 0
    )

    if (way === 'swapoff') m.swapoff()
    const back = m.counters.scope(() => heap.read())
    const one = kernel === 'linux-6.12'
    expect(back.fault, 'faults').toBe(way === 'swapoff' ? 0 : one ? 1 : 16)
    const kept = way === 'swap cache' && WHOLE_OUT[kernel]
    const whole = way !== 'swapoff' && (one || kept)
    expect(heap.folio(0)?.order, 'order of the folio that came back').toBe(whole ? 4 : 0)
    expect(heap.foldedBlocks(), 'folded blocks').toBe(whole ? 1 : 0)
    const found = Array.from({ length: 16 }, (_, page) => heap.load(page))
    expect(found, 'what the pages hold').toEqual(found.map((_, page) => (way === 'zeroes' ? 0 : 1 + page)))
    expect(m.check(), 'broken invariants').toEqual([])
  }
})

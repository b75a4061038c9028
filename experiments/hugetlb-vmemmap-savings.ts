import { experiment } from 'contpte-lab'

// hvo.md section 1: vmemmap pages that optimising one HugeTLB page frees, where two pages are kept (5.14 to
// 5.17) and where one is (since 5.18, commit e7d324850bfc of Muchun Song). 512 MiB and 16 GiB need more memory
// than the simulated machine has, and are told by the figures of the pool alone.
const FREED = {
  '4K': { '64KiB': [0, 0], '2MiB': [6, 7], '32MiB': [126, 127], '1GiB': [4094, 4095] },
  '16K': { '2MiB': [0, 0], '32MiB': [6, 7], '1GiB': [254, 255] },
  '64K': { '2MiB': [0, 0], '512MiB': [6, 7], '16GiB': [254, 255] }
} as const
type Size = '64KiB' | '2MiB' | '32MiB' | '512MiB' | '1GiB' | '16GiB'

export default experiment({
  title: 'Memory that vmemmap optimisation gives back',
  topic: 'HugeTLB',
  claim:
    'Optimising the vmemmap of a HugeTLB page gives back all but one of the pages that hold its struct pages: 7 of 8 for a page that one PMD maps, whatever the granule, 1.4 % of the memory of the pool with 4K pages and a sixteenth of that with 64K. Pages of contiguous PTEs save nothing: their struct pages share a page with those of others.',
  source:
    'hvo.md section 1; Muchun Song, "free the 2nd vmemmap page" (5.18); Yu Zhao, "re-enable HVO" for arm64 (2024). On arm64 only 5.19 to 6.1.15 had it; the other kernels here are built with it.',
  parameters: {
    kernel: ['oneplus-5.15', 'linux-6.1.0', 'linux-6.12'],
    granule: ['4K', '16K', '64K']
  },

  run({ parameters: { kernel, granule }, machine, record, expect }) {
    const m = machine({ kernel, granule, memory: '8GiB', hvo: true })
    const kept = kernel === 'oneplus-5.15' ? 2 : 1
    for (const [size, [two, one]] of Object.entries(FREED[granule]) as [Size, readonly [number, number]][]) {
      const freed = kept === 2 ? two : one
      const pool = m.hugetlb.pool(size)
      expect(pool.vmemmap.freed, `${size}: vmemmap pages freed, ${kept} kept`).toBe(freed)
      record(`share of ${size}`, (100 * pool.vmemmap.bytes) / pool.bytes, '%')
      if (pool.bytes > 2 ** 32) continue
      m.hugetlb.resize(size, 1)
      const before = m.memory().free
      const tablesBefore = m.hugetlb.vmemmap().tables
      m.hugetlb.optimise(size)
      // With 4K pages the array is mapped by PMD leaves: a table takes the place of each, for good.
      const { tables } = m.hugetlb.vmemmap()
      expect(m.memory().free - before + (tables - tablesBefore), `${size}: free pages gained`).toBe(freed)
      m.hugetlb.resize(size, 0)
    }
    expect(m.check(), 'broken invariants').toEqual([])
  },

  conclude({ rows, chart }) {
    chart('Share of a pool that comes back', {
      title: { text: 'Memory given back, of the memory of the pool', subtitle: 'by size of page' },
      width: 360,
      data: {
        values: rows
          .filter(({ metric }) => metric.startsWith('share of'))
          .map(({ parameters, metric, value }) => ({ ...parameters, size: metric.slice(9), percent: value }))
      },
      mark: { type: 'bar', tooltip: true },
      encoding: {
        x: { field: 'size', type: 'nominal', title: null },
        xOffset: { field: 'kernel', type: 'nominal' },
        y: { field: 'percent', type: 'quantitative', title: '%' },
        color: { field: 'kernel', type: 'nominal' },
        row: { field: 'granule', type: 'nominal' }
      }
    })
  }
})

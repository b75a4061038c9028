import { experiment } from 'contpte-lab'

const PAGES = 16384 // 64 MiB
const SIZES = [16, 32, 64, 128, 256, 512, 1024] as const

export default experiment({
  title: 'Folio size and the cost of fork',
  topic: 'Per-size THP',
  claim:
    'Folios of 64 KiB and more are mapped contiguously and stay so through a batched fork; reading a folded entry, not copying it, is what v2 pays.',
  source:
    'Ryan Roberts, v2 "Transparent Contiguous PTEs for User Mappings", 15 Nov 2023; formulae of fork.md section 7',
  parameters: { kernel: ['no-contpte', 'contpte-v2'], kib: SIZES },

  run({ parameters: { kernel, kib }, machine, record, expect }) {
    const m = machine({ kernel, cost: 'ampere-altra' })
    m.sysfs.write(`hugepages-${kib}kB/enabled`, 'always')
    const parent = m.spawn()
    const heap = parent.mmap({ bytes: '64MiB', align: '2MiB' })
    heap.write()

    const folios = PAGES / (kib / 4)
    const blocks = kernel === 'contpte-v2' && kib >= 64 ? PAGES / 16 : 0
    expect(heap.folio(0)?.order, 'order of the folios').toBe(Math.log2(kib / 4))
    expect(heap.foldedBlocks(), 'blocks folded before fork').toBe(blocks)

    const { folioRef, unfold } = m.counters
    let child = parent
    record(
      'fork',
      m.time(() => (child = parent.fork())),
      'ns'
    )
    const batches = kernel === 'contpte-v2' ? folios : PAGES
    expect(m.counters.folioRef - folioRef, 'updates of folio refcounts').toBe(batches)
    expect(m.counters.unfold - unfold, 'blocks unfolded by fork').toBe(0)
    expect(heap.foldedBlocks(child), 'blocks folded in the child').toBe(blocks)
  },

  conclude({ rows, chart }) {
    chart('Fork time by folio size', {
      title: { text: 'Time of one fork of 64 MiB by folio size', subtitle: 'simulated, one CPU' },
      width: 480,
      height: 280,
      data: {
        values: rows
          .filter((row) => row.metric === 'fork')
          .map(({ parameters, value }) => ({ ...parameters, milliseconds: value / 1e6 }))
      },
      mark: { type: 'line', strokeWidth: 2, point: true, tooltip: true },
      encoding: {
        x: { field: 'kib', type: 'ordinal', title: 'folio size, KiB', axis: { labelAngle: 0 } },
        y: {
          field: 'milliseconds',
          type: 'quantitative',
          title: 'time of one fork, ms',
          scale: { zero: false }
        },
        color: {
          field: 'kernel',
          type: 'nominal',
          scale: { domain: ['no-contpte', 'contpte-v2'] },
          legend: { orient: 'bottom', title: null }
        }
      }
    })
  }
})

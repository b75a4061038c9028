import { experiment } from 'contpte-lab'

// The machine of the thread: an Ampere Altra. Regression of fork relative to the tree before PTE_CONT.
const PUBLISHED = {
  'contpte-unbatched': { 1: -10.4, 8: -15.4, 16: -38.7, 24: -57.0, 32: -65.8 },
  'contpte-v2': { 1: -5.2, 8: -3.5, 16: -3.7, 24: -4.4, 32: -5.4 }
} as const
const KERNELS = ['no-contpte', 'contpte-unbatched', 'contpte-v2'] as const
const DESIGNS = ['contpte-unbatched', 'contpte-v2'] as const
const CPUS = [1, 8, 16, 24, 32] as const
const HELD_OUT: readonly number[] = [8, 24] // the profile's fit never saw these

const PAGES = 262144 // 1 GiB of 4 KiB pages
const BLOCKS = PAGES / 16 // contpte blocks, and folios: both are 16 pages here

// Per fork, both sides together (fork.md section 7; the last TLBI is the parent's final flush).
const EXPECTED = {
  'no-contpte': { unfolds: 0, tlbis: 1, reads: 3 * PAGES },
  'contpte-unbatched': { unfolds: BLOCKS, tlbis: 48 * BLOCKS + 1, reads: 160 * BLOCKS },
  'contpte-v2': { unfolds: 0, tlbis: 1, reads: 322 * BLOCKS }
} as const

export default experiment({
  title: 'Fork cost by CPUs: the Altra table',
  topic: 'Fork batching',
  claim: 'Batched write-protection removes most of the fork regression that contiguous PTEs bring.',
  source: 'Ryan Roberts, 16 Nov 2023, message #4 on v2 01/14, quoting the log of v2 13/14',
  parameters: { kernel: KERNELS, cpus: CPUS },

  run({ parameters: { kernel, cpus }, machine, record, expect }) {
    const m = machine({ kernel, cpus, cost: 'ampere-altra' })
    m.sysfs.write('hugepages-64kB/enabled', 'always')
    const parent = m.spawn()
    parent.mmap({ bytes: '1GiB', align: '2MiB' }).write()

    const { unfold, tlbi, read } = m.counters
    record(
      'fork',
      m.time(() => parent.fork()), // only the fork is timed
      'ns'
    )

    const expected = EXPECTED[kernel]
    expect(m.counters.unfold - unfold, 'blocks unfolded by fork').toBe(expected.unfolds)
    expect(m.counters.tlbi - tlbi, 'TLBIs sent by fork').toBe(expected.tlbis)
    expect(m.counters.read - read, 'descriptors read by fork').toBe(expected.reads)
  },

  conclude({ rows, record, expect, chart }) {
    const forks = rows.filter((row) => row.metric === 'fork')
    const time = (kernel: string, cpus: number) =>
      forks.find((row) => row.parameters.kernel === kernel && row.parameters.cpus === cpus)?.value
    const points = []
    for (const kernel of DESIGNS) {
      for (const cpus of CPUS) {
        const before = time('no-contpte', cpus)
        const after = time(kernel, cpus)
        if (before === undefined || after === undefined) continue // a narrowed sweep
        const published = PUBLISHED[kernel][cpus]
        const simulated = (before / after - 1) * 100
        record(`regression ${kernel}, ${cpus} cpus`, simulated, '%')
        const error = simulated - published
        record(`error ${kernel}, ${cpus} cpus`, error, 'points')
        const cell = `${kernel}, ${cpus} cpus${HELD_OUT.includes(cpus) ? ' (held out)' : ''}`
        expect(
          simulated,
          `${cell}: simulated ${simulated.toFixed(1)} %, published ${published.toFixed(1)} %, error ${error.toFixed(1)} points`
        ).toBeCloseTo(published, 3)
        points.push({ kernel, cpus, published, simulated })
      }
    }

    const x = { field: 'cpus', type: 'quantitative', title: 'CPUs', axis: { values: CPUS, grid: false } }
    const color = {
      field: 'kernel',
      type: 'nominal',
      scale: { domain: KERNELS },
      legend: { orient: 'bottom', title: null }
    }
    chart('Regression by CPUs', {
      title: { text: 'Fork regression by CPUs', subtitle: 'lines: simulated, circles: published' },
      width: 480,
      height: 280,
      data: { values: points },
      encoding: { x, color: { ...color, legend: { ...color.legend, values: DESIGNS } } },
      layer: [
        {
          mark: { type: 'line', strokeWidth: 2 },
          encoding: {
            y: { field: 'simulated', type: 'quantitative', title: 'change of rate against no-contpte, %' }
          }
        },
        {
          mark: { type: 'point', size: 70, strokeWidth: 2, opacity: 1, tooltip: true },
          encoding: { y: { field: 'published', type: 'quantitative' } }
        }
      ]
    })
    chart('Fork time by CPUs', {
      title: { text: 'Time of one fork of 1 GiB by CPUs', subtitle: 'simulated' },
      width: 480,
      height: 280,
      data: {
        values: forks.map(({ parameters, value }) => ({ ...parameters, milliseconds: value / 1e6 }))
      },
      mark: { type: 'line', strokeWidth: 2, point: true, tooltip: true },
      encoding: {
        x,
        color,
        y: { field: 'milliseconds', type: 'quantitative', title: 'time of one fork, ms' }
      }
    })
  }
})

/** Experiments that specs step through. */

const module = (body: string) =>
  `import { experiment } from 'contpte-lab'\n\nexport default experiment({\n${body}\n})\n`

/** A folded 64 KiB region and a second process that forks it; one expectation does not hold. Line numbers matter. */
export const FORKED = module(`  title: 'Forked block',
  run({ machine, record, expect }) {
    const m = machine({ kernel: 'contpte-v2', cost: 'ampere-altra' })
    m.sysfs.write('hugepages-64kB/enabled', 'always')
    const parent = m.spawn()
    const heap = parent.mmap({ bytes: '64KiB', align: '2MiB' })
    heap.write()
    console.log('written')
    heap.madvise('dontneed', 5, 1)
    record('folded', heap.foldedBlocks(), '1')
    parent.fork()
    expect(heap.foldedBlocks(), 'still folded').toBe(1)
  }`)

/** Where in \`FORKED\` things are. */
export const FORKED_LINES = { write: 10, console: 11, madvise: 12, record: 13, fork: 14, expect: 15 } as const

/** Two CPUs with TLBs: each touches the memory, then it is dropped. */
export const TWO_CPUS = module(`  title: 'Two CPUs',
  run({ machine, record }) {
    const m = machine({ kernel: 'contpte-v2', cpus: 2, tlb: { completion: 'at-dsb' } })
    m.sysfs.write('hugepages-64kB/enabled', 'always')
    const parent = m.spawn()
    const heap = parent.mmap({ bytes: '64KiB', align: '2MiB' })
    m.on(0, () => heap.write())
    m.on(1, () => heap.read())
    heap.madvise('dontneed', 5, 1)
    record('folded', heap.foldedBlocks(), '1')
  }`)

/** The same workload on two kernels; \`bytes\` decides whether cells or a canvas are drawn. */
export const compared = (bytes: string) =>
  module(`  title: 'Compared',
  parameters: { kernel: ['contpte-unbatched', 'contpte-v2'] },
  run({ parameters, machine, record }) {
    const m = machine({ kernel: parameters.kernel })
    m.sysfs.write('hugepages-64kB/enabled', 'always')
    const parent = m.spawn()
    const heap = parent.mmap({ bytes: '${bytes}', align: '2MiB' })
    heap.write()
    parent.fork()
    record('folded', heap.foldedBlocks(), '1')
  }`)

/** Forks of two kernels, little enough to be quick, with a chart of what was recorded. */
export const CHARTED = module(`  title: 'Charted',
  parameters: { kernel: ['contpte-unbatched', 'contpte-v2'] },
  run({ parameters, machine, record, expect }) {
    const m = machine({ kernel: parameters.kernel })
    m.sysfs.write('hugepages-64kB/enabled', 'always')
    const parent = m.spawn()
    const heap = parent.mmap({ bytes: '1MiB', align: '2MiB' })
    heap.write()
    parent.fork()
    record('unfolds', m.counters.unfold, '1')
    expect(heap.foldedBlocks(), 'blocks of the parent').toBe(16)
  },
  conclude({ chart, rows }) {
    chart('Unfolds', {
      title: 'Unfolds',
      data: { values: rows.filter(({ metric }) => metric === 'unfolds').map(({ parameters, value }) => ({ kernel: parameters.kernel, value })) },
      mark: 'bar',
      encoding: { x: { field: 'kernel', type: 'nominal' }, y: { field: 'value', type: 'quantitative' } }
    })
  }`)

/** About \`events\` events or more: a region written, forked and dropped, entry by entry. */
export const LONG = module(`  title: 'Long',
  run({ machine, record }) {
    const m = machine({ kernel: 'contpte-unbatched' })
    m.sysfs.write('hugepages-64kB/enabled', 'always')
    const parent = m.spawn()
    const heap = parent.mmap({ bytes: '256MiB', align: '2MiB' })
    heap.write()
    const child = parent.fork()
    child.exit()
    record('unfolds', m.counters.unfold, '1')
  }`)

/** Scripts whose traces the tests of this room look at. */
export const SCRIPT = `import { experiment } from 'contpte-lab'
export default experiment({
  title: 'Fork of one folio',
  parameters: { kernel: ['contpte-unbatched', 'contpte-v2'] },
  run({ parameters, machine, record, expect }) {
    const m = machine({ kernel: parameters.kernel, cost: 'ampere-altra' })
    m.sysfs.write('hugepages-64kB/enabled', 'always')
    const parent = m.spawn()
    const region = parent.mmap({ bytes: '128KiB' })
    region.write()
    console.log('forking')
    const ns = m.time(() => parent.fork())
    record('fork', ns, 'ns')
    expect(m.counters.unfold, 'unfolds by fork').toBe(0)
  }
})
`
export const LINE_OF_FORK = 12

export const TWO = `import { experiment } from 'contpte-lab'
export default experiment({
  title: 'Two machines',
  run({ machine }) {
    for (const kernel of ['no-contpte', 'contpte-v2']) {
      const m = machine({ kernel })
      m.sysfs.write('hugepages-64kB/enabled', 'always')
      const region = m.spawn().mmap({ bytes: '64KiB' })
      region.write()
    }
  }
})
`

/** One CPU, then eight whose broadcasts wait for each other; then an entry that is no block's any more. */
export const BROKEN = `import { experiment } from 'contpte-lab'
export default experiment({
  title: 'Broken block',
  run({ machine, record }) {
    const forked = (cpus) => {
      const m = machine({ kernel: 'contpte-unbatched', cpus, cost: 'ampere-altra' })
      m.sysfs.write('hugepages-64kB/enabled', 'always')
      const parent = m.spawn()
      const region = parent.mmap({ bytes: '64KiB' })
      region.write()
      record('fork', m.time(() => parent.fork()), 'ns')
      return region
    }
    forked(1)
    const region = forked(8)
    region.corrupt(0, { swap: true })
    region.corrupt(1, { swap: true })
    region.read(5, 1)
  }
})
`

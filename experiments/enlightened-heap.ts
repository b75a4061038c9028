import { experiment } from 'contpte-lab'

export default experiment({
  title: 'madvise and one fixed size for those who asked',
  topic: 'Per-size THP',
  claim:
    'With 64K at madvise, the heap that was made for it is all folded blocks, and the one that was not pays nothing; with 64K at always the second one grows.',
  source: 'Barry Song, 28 Nov 2023, #47 ("move to madvise(HUGEPAGE) and set 64KB as MADVISE")',
  parameters: { setting: ['never', 'madvise', 'always'] },

  run({ parameters: { setting }, machine, record, expect }) {
    const m = machine({ kernel: 'linux-6.12', memory: '4GiB' })
    m.shell(`echo ${setting} > hugepages-64kB/enabled`)
    const friendly = m.spawn()
    const enlightened = friendly.mmap({ bytes: '64MiB' })
    enlightened.madvise('hugepage')
    const tuned = enlightened.workload({ kind: 'arena', live: '8MiB', purge: '64KiB' }).run(60_000)
    const before = m.memory().inUse
    const plain = m.spawn()
    const heap = plain.mmap({ bytes: '64MiB' })
    const untuned = heap.workload({ kind: 'arena', live: '8MiB' }).run(60_000)
    const held = (m.memory().inUse - before) / untuned.livePages
    const folded = (enlightened.foldedBlocks() * 16) / tuned.residentPages
    record('enlightened: share in folded blocks', folded)
    record('other: pages held a page needed', held)
    expect(
      enlightened.explain(0).sizes.find(({ bytes }) => bytes === 65536)?.allowed,
      'enlightened: 64K allowed'
    ).toBe(setting !== 'never')
    expect(heap.explain(0).sizes.find(({ bytes }) => bytes === 65536)?.allowed, 'other: 64K allowed').toBe(
      setting === 'always'
    )
    expect(folded, 'enlightened: share in folded blocks').toBe(setting === 'never' ? 0 : 1)
  },

  conclude({ rows, expect }) {
    const held = (setting: string) =>
      rows.find((row) => row.metric.startsWith('other') && row.parameters.setting === setting)?.value ?? NaN
    expect(held('madvise'), 'other heap at madvise: as without large folios').toBe(held('never'))
    expect(held('always') / held('never'), 'other heap at always, to never').toBeGreaterThan(1.2)
  }
})

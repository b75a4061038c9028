import { experiment } from 'contpte-lab'

const STEPS = 20

export default experiment({
  title: 'Ten million allocator operations',
  topic: 'Per-size THP',
  claim:
    'Over millions of allocations and frees of an arena that gives back single pages, the memory it holds stays a bounded multiple of what it needs; each step is printed.',
  source: 'Ryan Roberts, 27 Nov 2023, #33 (partially unmapped folios wait for memory pressure)',
  parameters: { operations: [500_000, 10_000_000] },

  run({ parameters: { operations: total }, machine, record, progress, expect }) {
    const m = machine({ kernel: 'linux-6.12', memory: '16GiB' })
    m.shell('echo always > hugepages-64kB/enabled')
    const heap = m.spawn().mmap({ bytes: '2GiB' })
    const arena = heap.workload({ kind: 'arena', live: total < 10_000_000 ? '32MiB' : '256MiB' })
    let most = 0
    for (let step = 1; step <= STEPS; step++) {
      const { operations, livePages, residentPages } = arena.run(total / STEPS)
      const { inUse, deferred } = m.memory()
      most = Math.max(most, inUse / livePages)
      console.log(
        `${(100 * step) / STEPS} %: ${operations} operations, ${livePages} pages needed, ${residentPages} resident, ${inUse} held, ${deferred.unmapped} of them mapped by nobody`
      )
      progress((step * total) / STEPS, total)
      record('pages needed', livePages, 'pages')
      record('pages held', inUse, 'pages')
    }
    expect(most, 'most pages held a page needed').toBeLessThan(4)
    expect(m.check(), 'broken invariants').toEqual([])
  }
})

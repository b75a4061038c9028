import { experiment } from 'contpte-lab'

// contpte.md section 5, A1. Up to v3 the gathered entry was compared with its contiguous bit, and never matched.
const STUCK: readonly string[] = ['linux-6.9', 'linux-6.12.0']

export default experiment({
  title: 'An agent without hardware updates faults for ever',
  topic: 'Access and dirty',
  claim:
    'The no-op test of ptep_set_access_flags looked at the gathered entry: where another CPU had marked one entry of the block, an agent that needs its own entry marked never got on. Comparing each entry mends it.',
  source:
    'Linux 6.12 stable (seen in 6.12.107) and 7.0-rc3, contpte_ptep_set_access_flags; contpte.md section 5, rule A1; architecture.md section 4, H6',
  parameters: {
    kernel: ['contpte-v2', 'contpte-v3', 'linux-6.9', 'linux-6.12.0', 'linux-6.12'],
    agent: ['CPU without HAFDBS', 'SMMU without HTTU', 'CPU with HAFDBS']
  },

  run({ parameters: { kernel, agent }, machine, expect }) {
    const m = machine({ kernel, cpus: 3, tlb: { withoutHafdbs: [1], walkers: 1 } })
    m.sysfs.write('hugepages-64kB/enabled', 'always')
    const p = m.spawn()
    const heap = p.mmap({ bytes: '64KiB', align: '2MiB' })
    heap.write()
    p.clearRefs(1)
    expect(heap.foldedBlocks(), 'folded blocks').toBe(1)
    expect(heap.pte(0).young || heap.pte(7).young, 'anything young').toBe(false)

    // CPU 2 marks accessed the one entry it uses.
    expect(m.cpu(2).load(heap, 7).faults, 'faults of CPU 2').toBe(0)
    expect([heap.pte(7).young, heap.pte(0).young], 'entries 7 and 0 young').toEqual([true, false])

    const other = agent === 'SMMU without HTTU' ? m.walker() : m.cpu(agent === 'CPU with HAFDBS' ? 0 : 1)
    const access = other.load(heap, 0)
    const stuck = STUCK.includes(kernel) && agent !== 'CPU with HAFDBS'
    expect(access.done, 'its load of page 0 gets through').toBe(!stuck)
    expect(
      m.check().map(({ rule }) => rule),
      'broken invariants'
    ).toEqual(stuck ? ['no-progress'] : [])
    if (!stuck && agent !== 'CPU with HAFDBS') {
      expect(access.faults, 'faults it took').toBe(1)
      expect(heap.pte(12).young, 'the fault marked every entry of the block').toBe(true)
    }
    expect(heap.foldedBlocks(), 'folded blocks').toBe(1)
  }
})

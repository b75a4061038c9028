import { experiment } from 'contpte-lab'

/** Blocks of 64K that the heap could have. */
const BLOCKS = 128

/** What a fault may do once no free block is large enough: look no further, wake kcompactd, or compact itself. */
type Effort = 'none' | 'wake' | 'direct'

const EFFORT: Readonly<Record<string, { readonly plain: Effort; readonly advised: Effort }>> = {
  always: { plain: 'direct', advised: 'direct' },
  defer: { plain: 'wake', advised: 'wake' },
  'defer+madvise': { plain: 'wake', advised: 'direct' },
  madvise: { plain: 'none', advised: 'direct' },
  never: { plain: 'none', advised: 'none' }
}

export default experiment({
  title: 'What defrag lets a fault do when memory lies in pieces',
  topic: 'Per-size THP',
  claim:
    'Where no free block has 64K in line, a fault that may not compact takes the next smaller size and counts one fallback; one that may gets its 64K and stalls for it; one that only wakes kcompactd leaves the block to the next fault.',
  source:
    'linux-6.12 mm/huge_memory.c, vma_thp_gfp_mask; thp-sysfs.md sections 6.2 and 6.3. Ryan Roberts, "Multi-size THP for anonymous memory", v9, Dec 2023',
  parameters: { defrag: ['always', 'defer', 'defer+madvise', 'madvise', 'never'], advised: [false, true] },

  run({ parameters: { defrag, advised }, machine, record, expect }) {
    const m = machine({ kernel: 'linux-6.12', memory: '256MiB' })
    m.shell(`echo ${defrag} > defrag; for kb in 64 32; do echo always > hugepages-\${kb}kB/enabled; done`)
    const heap = m.spawn().mmap({ bytes: BLOCKS * 65_536 })
    if (advised) heap.madvise('hugepage')
    m.fragment({ order: 3 })
    const foreseen = heap.explain(0).order
    heap.write(0, 1)
    expect(heap.folio(0)?.order, 'order of the first folio, as foreseen').toBe(foreseen)
    heap.write()

    const stat = (kb: number, name: string) => Number(m.sysfs.read(`hugepages-${kb}kB/stats/${name}`))
    const { folios, events } = m.memory()
    const effort = EFFORT[defrag][advised ? 'advised' : 'plain']
    record('64K folios', folios[4], 'folios')
    record('32K folios', folios[3], 'folios')
    record('faults that stalled to compact', events.compact_stall, 'faults')
    // kcompactd makes a block after the fault that woke it: every second fault for 64K finds one.
    const large = effort === 'direct' ? BLOCKS : effort === 'wake' ? BLOCKS / 2 : 0
    expect(stat(64, 'anon_fault_alloc'), '64K folios that faults got').toBe(large)
    expect(stat(64, 'anon_fault_fallback'), 'faults that fell back from 64K').toBe(BLOCKS - large)
    expect(stat(32, 'anon_fault_fallback'), 'faults that fell back from 32K').toBe(0)
    expect(events.compact_stall, 'faults that stalled').toBe(effort === 'direct' ? BLOCKS : 0)
    expect(events.compact_daemon_wake, 'times kcompactd was woken').toBe(
      effort === 'wake' ? BLOCKS - large : 0
    )
    expect(heap.foldedBlocks(), 'blocks of contiguous entries').toBe(large)
    expect(m.check(), 'broken invariants').toEqual([])
  }
})

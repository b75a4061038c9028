import { experiment } from 'contpte-lab'

// The states of the thread, and two that Ryan Roberts calls legal. `entries` of 16 that change by hand.
const STATES = {
  'case 0: entry 0 plain': { bad: true, checker: 'block-consistent' },
  'case 1: entry 0 plain, entry 15 swap': { bad: true, checker: 'block-consistent' },
  'entry 15 swap, the rest contiguous': { bad: false, checker: 'block-consistent' },
  'entry 0 cleared, the rest contiguous': { bad: false, checker: 'block-consistent' }
} as const

type State = keyof typeof STATES

export default experiment({
  title: 'Inconsistent blocks: cases 0 and 1',
  topic: 'Consistent blocks',
  claim:
    'A block in which valid entries disagree on the contiguous bit is misprogrammed, whatever the rest holds; entries that are not valid do not count.',
  source:
    'Barry Song, 27 Nov 2023, thread on the v2 cover letter, cases 0 and 1; Ryan Roberts, 28 Nov 2023, on v2 14/14: only valid entries; contpte.md section 2',
  parameters: { state: Object.keys(STATES) as State[] },

  run({ parameters: { state }, machine, expect }) {
    const m = machine({ kernel: 'linux-6.12', cpus: 2, tlb: {} })
    m.sysfs.write('hugepages-64kB/enabled', 'always')
    const heap = m.spawn().mmap({ bytes: '64KiB', align: '2MiB' })
    heap.write()
    expect(m.check(), 'broken invariants before').toEqual([])

    if (state.startsWith('case')) heap.corrupt(0, { contiguous: false })
    if (state.includes('15 swap')) heap.corrupt(15, { swap: true })
    if (state.startsWith('entry 0')) heap.corrupt(0, { valid: false })

    const { bad, checker } = STATES[state]
    expect(heap.block(0).misprogrammed, 'misprogrammed for hardware').toBe(bad)
    expect(heap.block(0).folded, 'folded').toBe(false)
    // Between operations the contpte layer leaves neither: all of a block, or nothing.
    expect(
      m.check().some(({ rule }) => rule === checker),
      'the checker rejects it'
    ).toBe(true)

    // What a TLB makes of it: page 0 by itself, then page 1, whose entry speaks for the whole block.
    const cpu = m.cpu(1)
    if (bad) {
      cpu.load(heap, 0)
      cpu.load(heap, 1)
      const conflict = m.check().some(({ rule }) => rule === 'tlb-conflict')
      expect(conflict, 'one access finds two translations of different size').toBe(true)
    } else {
      cpu.load(heap, 5)
      expect(cpu.tlb()[0]?.coalesced, 'a valid entry may still speak for the block').toBe(true)
      expect(
        m.check().some(({ rule }) => rule === 'tlb-conflict'),
        'two translations of different size'
      ).toBe(false)
    }
  }
})

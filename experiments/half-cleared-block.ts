import { experiment } from 'contpte-lab'

export default experiment({
  title: 'The half-cleared block at exit',
  topic: 'Full teardown',
  claim:
    'While v2 clears a folded block at exit, cleared entries stand beside contiguous ones. That is legal: a CPU that walks an uncleared entry may map the whole block again (case B), but no page of it has been freed.',
  source:
    'Ryan Roberts, 28 Nov 2023, on v2 14/14, cases A and B, against Barry Song, same day ("we expose inconsistent CONTPTEs to hardware"); teardown.md section 5, R1 to R5',
  parameters: {
    kernel: [
      'contpte-v2',
      'contpte-v2-robust',
      'contpte-flush-folio',
      'contpte-v3',
      'linux-6.9',
      'linux-6.12'
    ]
  },

  run({ parameters: { kernel }, machine, expect }) {
    const m = machine({ kernel, cpus: 2, tlb: {} })
    m.sysfs.write('hugepages-64kB/enabled', 'always')
    const p = m.spawn()
    const heap = p.mmap({ bytes: '64KiB', align: '2MiB' })
    heap.write()
    const pfn = heap.folio(0)?.pfn ?? -1
    const other = m.cpu(1)

    const valid: number[] = []
    const unsafe: string[] = []
    let bad = 0
    let again = -1
    m.onStep((step) => {
      if (step !== 'entries cleared') return
      const block = heap.block(0)
      valid.push(block.contiguous)
      const seen = heap.observe(0)
      if (!seen.safe) unsafe.push(seen.rule)
      if (block.misprogrammed) bad++
      if (block.contiguous !== 8) return
      expect(seen.rule, 'the rule that makes it safe').toBe('case-b')
      // Case A: a walk of an entry that is cleared faults, and the fault waits for the lock.
      expect(other.load(heap, 1).done, 'CPU 1 gets page 1 by a walk of its own').toBe(false)
      // Case B: another CPU with no translation walks an entry that is not cleared yet.
      again = other.load(heap, 12).pfn
      expect(other.tlb()[0]?.coalesced, 'its translation covers the whole block').toBe(true)
      expect(other.load(heap, 2), 'and so also page 2, which is cleared').toEqual({
        done: true,
        pfn: pfn + 2,
        faults: 0
      })
      expect(heap.folio(12)?.refcount, 'references of the folio: none has gone').toBe(16)
    })
    p.exit()
    m.onStep(undefined)

    expect(unsafe, 'steps that are not safe').toEqual([])
    expect(bad, 'steps at which the block is misprogrammed').toBe(0)
    if (kernel.startsWith('contpte-v2')) {
      expect(valid, 'contiguous entries left after each step').toEqual([
        15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0
      ])
      expect(again, 'frame that CPU 1 reached').toBe(pfn + 12)
    } else expect(valid, 'contiguous entries left: the block goes at once').toEqual([0])
    expect(
      m.check().filter(({ rule }) => rule.startsWith('tlb')),
      'translations of freed pages'
    ).toEqual([])
    expect(other.tlb().length, 'translations CPU 1 still holds').toBe(0)
  }
})

import { experiment } from 'contpte-lab'

// fork.md section 3 and example E5: upstream ends a private batch where dirty changes, v2 and v3 do not.
const BATCHES = {
  'contpte-v2': { 0: [16], 3: [16] },
  'contpte-v3': { 0: [16], 3: [16] },
  'linux-6.9': { 0: [1, 15], 3: [3, 1, 12] },
  'linux-6.12': { 0: [1, 15], 3: [3, 1, 12] }
} as const

export default experiment({
  title: 'One clean entry among dirty ones',
  topic: 'Fork batching',
  claim:
    'Accessed and dirty need not be equal within a batch, since they are kept a folio (#13): what one entry knows must then reach the whole batch. In v2 it does not: only the first entry decides, which the review did not find.',
  source:
    'Ryan Roberts, 16 Nov 2023, #13, on "any_dirty" of v2 01/14; what the code does: fork.md section 5 (last line) and example E5',
  parameters: { kernel: ['contpte-v2', 'contpte-v3', 'linux-6.9', 'linux-6.12'], clean: [0, 3] },

  run({ parameters: { kernel, clean }, machine, expect }) {
    const m = machine({ kernel })
    m.sysfs.write('hugepages-64kB/enabled', 'always')
    const parent = m.spawn()
    const heap = parent.mmap({ bytes: '64KiB', align: '2MiB' })
    heap.write()
    // Unfolds, and does not fold again: only index 15 tries.
    heap.mprotect('r', 0, 1)
    heap.mprotect('rw', 0, 1)
    expect(heap.foldedBlocks(), 'folded blocks').toBe(0)
    // A first touch makes every entry dirty: the clean one is made by hand.
    heap.corrupt(clean, { dirty: false })

    const child = parent.fork()
    expect(child.batches(), 'batches').toEqual(BATCHES[kernel][clean])
    const dirty = heap.pte(9, child).dirty
    if (kernel === 'contpte-v2' && clean === 0) {
      expect(dirty, 'page 9, dirty in the parent, is dirty in the child: lost, for page 0 is clean').toBe(
        false
      )
    } else expect(dirty, 'page 9, dirty in the parent, is dirty in the child').toBe(true)
    expect(heap.pte(9).dirty, 'page 9 stays dirty in the parent').toBe(true)
  }
})

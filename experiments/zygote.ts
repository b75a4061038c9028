import { experiment } from 'contpte-lab'

const BLOCKS = 32 // 2 MiB of heap

export default experiment({
  title: 'Zygote: one parent, many children, copy on write',
  topic: 'Copy on write',
  claim:
    'On a phone almost every process is forked from zygote, so copying a whole block on the first write keeps blocks (#37); upstream copies one page and unfolds. Most of what zygote maps is file-backed, which fork passes over (#38).',
  source:
    'Barry Song, 28 Nov 2023, #37 and #41 (34669 blocks copied, 1032362 new); Ryan Roberts, 28 and 29 Nov 2023, #38 and #42; rules: oneplus.md section 8, contpte.md section 5',
  parameters: { kernel: ['contpte-v2', 'linux-6.12', 'oneplus-5.15'], children: [1, 4, 16] },

  run({ parameters: { kernel, children }, machine, record, expect }) {
    const oneplus = kernel === 'oneplus-5.15'
    const m = machine({ kernel })
    if (!oneplus) m.sysfs.write('hugepages-64kB/enabled', 'always')
    const zygote = m.spawn()
    const heap = zygote.mmap({ bytes: '2MiB', align: '2MiB', name: 'libc_malloc' })
    heap.write()
    const code = zygote.mmap({ bytes: '2MiB', prot: 'rx', file: { folio: '64KiB' } })
    code.read()
    expect(heap.foldedBlocks(), 'folded blocks of the heap').toBe(BLOCKS)

    const apps: (typeof zygote)[] = []
    for (let i = 0; i < children; i++) {
      const spent = m.counters.scope(() => apps.push(zygote.fork()))
      expect(spent.unfold, 'blocks of the parent unfolded by fork').toBe(0)
      // Nothing of the file: its pages come back by faults (vma_needs_copy).
      expect(spent.forkBatch, 'batches: the heap alone').toBe(BLOCKS)
    }
    const folio = heap.folio(0)
    expect(oneplus ? folio?.entireMapcount : folio?.mapcount, 'mappings of a page of the heap').toBe(
      1 + children
    )
    expect(folio?.refcount, 'refcount: one a block, or one an entry').toBe(
      (oneplus ? 1 : 16) * (1 + children)
    )

    // The parent writes one page of every block.
    const cow = m.counters.scope(() => {
      for (let block = 0; block < BLOCKS; block++) heap.write(16 * block, 1)
    })
    record('pages copied by the parent', cow.pageCopy)
    record('TLBIs of the parent', cow.tlbi)
    expect(cow.pageCopy, 'pages copied').toBe(oneplus ? 16 * BLOCKS : BLOCKS)
    expect(cow.unfold, 'blocks unfolded').toBe(oneplus ? 0 : BLOCKS)
    expect(heap.foldedBlocks(), 'folded blocks of the parent').toBe(oneplus ? BLOCKS : 0)
    const app = apps[0]
    expect(heap.foldedBlocks(app), 'folded blocks of a child').toBe(BLOCKS)
    expect(heap.pte(3).writable, 'page 3 of the parent, which it did not write, writable').toBe(oneplus)
    expect(m.check(), 'broken invariants').toEqual([])
  },

  conclude({ expect }) {
    expect((34669 / 1032362) * 100, 'Barry: copied blocks to new ones, 3.35 %').toBeCloseTo(3.35, 0.01)
    expect((34669 / (34669 + 1032362)) * 100, 'Ryan: copied blocks of all, 3.25 %').toBeCloseTo(3.25, 0.01)
  }
})

import { experiment } from 'contpte-lab'

// By kernel: v2 ends a batch where the write bit changes, or the contiguous bit it was not meant to see;
// v3 does neither; upstream compares the contiguous bit, and collects "any writable" (fork.md section 3).
const BATCHES: Readonly<Record<string, readonly number[]>> = {
  'contpte-v2': [8, 8, 16],
  'contpte-v3': [32],
  'linux-6.9': [16, 16],
  'linux-6.12': [16, 16]
}

export default experiment({
  title: 'Read-only and writable entries in one batch',
  topic: 'Fork batching',
  claim:
    'Entries of one folio may be mixed read-only and writable: after fork a private batch is read-only on both sides anyway (#14, #16), so it need not end there.',
  source:
    'David Hildenbrand, 16 and 23 Nov 2023, #11, #14, #16, #17, #21; Ryan Roberts, 16 and 23 Nov 2023, #13, #15, #18, #20, #22; fork.md section 3 and example E4',
  parameters: {
    kernel: ['contpte-v2', 'contpte-v3', 'linux-6.9', 'linux-6.12'],
    mapping: ['private', 'shared', 'shared, userfaultfd']
  },

  run({ parameters: { kernel, mapping }, machine, expect }) {
    const m = machine({ kernel })
    m.sysfs.write('hugepages-128kB/enabled', 'always')
    const parent = m.spawn()

    if (mapping === 'shared, userfaultfd') {
      // Only who keeps userfaultfd's marks makes fork copy a shared mapping, and arm64 has those from 6.10.
      const shm = parent.mmap({ bytes: '64KiB', align: '2MiB', shared: true, file: { folio: '64KiB' } })
      shm.write()
      let refused = ''
      try {
        shm.writeProtect(0, 16, parent, { forkEvents: true })
      } catch (error) {
        refused = error instanceof Error && 'code' in error ? String(error.code) : 'no code'
      }
      const has = kernel === 'linux-6.12'
      expect(refused, 'answer to write protection by userfaultfd').toBe(has ? '' : 'EINVAL')
      if (!has) return
      // A store takes a page's mark away: four keep it.
      shm.write(0, 4)
      shm.write(8, 8)
      expect([shm.pte(4).uffdWp, shm.pte(3).writable], 'pages 4 marked, 3 writable').toEqual([true, true])
      const marked = parent.fork()
      expect(marked.batches(), 'batches: the mark is compared').toEqual([4, 4, 8])
      expect([shm.pte(4, marked).writable, shm.pte(3, marked).writable], 'the child').toEqual([false, true])
      marked.exit()
      // Without a mark, what is read-only is so for another reason.
      shm.write(4, 4)
      for (let page = 4; page < 8; page++) shm.corrupt(page, { writable: false })
      const child = parent.fork()
      expect(child.batches(), 'batches: the write bit is not compared').toEqual([16])
      expect(shm.pte(4, child).writable, 'page 4 of the child: any writable makes all so, unlike #17').toBe(
        true
      )
      expect(shm.pte(4).writable, 'page 4 of the parent').toBe(false)
      return
    }

    const heap = parent.mmap({ bytes: '128KiB', align: '2MiB', shared: mapping === 'shared' })
    heap.write()

    if (mapping === 'shared') {
      const child = parent.fork()
      expect(child.batches(), 'batches: fork does not even look at MAP_SHARED (#16)').toEqual([])
      heap.store(3, 5, child)
      expect(heap.load(3), 'a store by the child seen by the parent').toBe(5)
      return
    }

    // Pages 8 to 31 become read-only by a fork that passes over the first eight.
    heap.madvise('dontfork', 0, 8)
    parent.fork().exit()
    heap.madvise('dofork', 0, 8)
    expect(parent.vmas().length, 'VMAs of the parent').toBe(1)
    expect([heap.pte(7).writable, heap.pte(8).writable], 'pages 7 and 8 writable').toEqual([true, false])
    expect([heap.block(0).folded, heap.block(16).folded], 'blocks folded').toEqual([false, true])

    const child = parent.fork()
    expect(child.batches(), 'batches').toEqual(BATCHES[kernel])
    for (const [who, process] of [['parent', parent] as const, ['child', child] as const]) {
      const writable = Array.from({ length: 32 }, (_, page) => heap.pte(page, process)).filter(
        (pte) => pte.writable
      )
      expect(writable.length, `writable entries of the ${who}`).toBe(0)
    }
    const both = kernel !== 'contpte-v2'
    expect(
      heap.foldedBlocks(child),
      both ? 'folded blocks of the child: both' : 'folded blocks of the child: not the one of two batches'
    ).toBe(both ? 2 : 1)
    heap.store(3, 9)
    expect(heap.load(3, child) !== 9, 'the child never sees a later write').toBe(true)
    expect(m.check(), 'broken invariants').toEqual([])
  }
})

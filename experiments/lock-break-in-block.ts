import { experiment } from 'contpte-lab'

const FIRST = 5 // the VMA begins at page 5 of a block
const BLOCK = 32 // first page of the block that forms; 27 empty entries lie before it
const BREAK = BLOCK + 5 // 27 + 5 empty entries are 32 points of progress

export default experiment({
  title: 'Fork drops its locks inside a block that forms meanwhile',
  topic: 'Lock break',
  claim:
    'A lock break at entry 5 of a block that becomes folded meanwhile never gives the child a wrong contiguous bit (#39); where a fault without the mmap_lock could fill the block, it costs the parent its fold (#44). In mainline none can.',
  source:
    'Barry Song, 28 and 29 Nov 2023, #35, #40, #44; Ryan Roberts, 28 and 29 Nov 2023, #39, #45; cost: fork.md, example E3',
  parameters: {
    kernel: ['contpte-v2', 'contpte-v3', 'linux-6.12'],
    // "another page fault in process A" needs the mmap_lock that fork holds. Migration does not, and may
    // end there: of pages that only the parent has, or that an earlier child shares.
    filler: ['fault', 'speculative fault', 'migration', 'migration of shared pages']
  },

  run({ parameters: { kernel, filler }, machine, expect }) {
    const m = machine({ kernel })
    m.sysfs.write('hugepages-64kB/enabled', 'always')
    const parent = m.spawn()
    const heap = parent.mmap({ bytes: '256KiB', align: '2MiB' })
    heap.write(48, 16)
    let migration: ReturnType<typeof heap.migrate> | undefined
    const migrates = filler.startsWith('migration')
    if (migrates) {
      // The block exists, but is being migrated: 32 empty entries, then four migration entries of 8 points.
      heap.write(BLOCK, 1)
      if (filler === 'migration of shared pages') parent.fork()
      migration = heap.migrate(BLOCK)
    } else heap.munmap(0, FIRST)

    const breaks: number[] = []
    let answer = ''
    let folded = 0
    m.onLockBreak((lock) => {
      const page = (lock.address - heap.address) / 4096
      breaks.push(page)
      if (migrates && page === BLOCK + 4) {
        migration?.undo()
        folded = heap.foldedBlocks()
      }
      if (filler === 'speculative fault' && page === BREAK) lock.fill(heap, BREAK)
      if (filler !== 'fault' || page !== BREAK) return
      try {
        heap.write(BREAK, 1)
      } catch (error) {
        answer = error instanceof Error && 'code' in error ? String(error.code) : 'no code'
      }
    })
    let child = parent
    const spent = m.counters.scope(() => (child = parent.fork()))
    m.onLockBreak(undefined)

    expect(breaks.includes(migrates ? BLOCK + 4 : BREAK), 'a break inside the block').toBe(true)
    expect(m.check(), 'broken invariants').toEqual([])
    expect(heap.block(BREAK).misprogrammed, 'the parent is misprogrammed').toBe(false)
    expect(heap.block(BREAK, child).misprogrammed, 'the child is misprogrammed').toBe(false)
    expect(heap.block(BREAK, child).contiguous, 'contiguous entries of that block in the child').toBe(0)

    if (filler === 'fault') {
      expect(
        answer,
        'an ordinary fault waits for the mmap_lock: step 4 of #44 cannot happen in mainline'
      ).toBe('mmap-lock-held')
      expect(child.batches(), 'batches').toEqual([16])
      return
    }
    if (filler === 'speculative fault') {
      expect(child.batches(), 'batches: the rest of the block, then the next one').toEqual([11, 16])
      expect(heap.pte(BLOCK + 4, child).kind, 'the entry before the break in the child').toBe('none')
      expect(heap.pte(BREAK, child).kind, 'the entry at the break in the child').toBe('page')
      expect(spent.unfold, 'blocks unfolded in the parent').toBe(1)
      expect(heap.block(BREAK).folded, 'the parent keeps the fold, as Barry says it should').toBe(false)
    } else {
      // Fork has made the first four migration entries read-only already: where the others are still
      // writable the block cannot fold; where all were shared before it folds, and nothing is left to
      // write-protect. Either way the cost of #44 does not come up.
      const shared = filler === 'migration of shared pages'
      expect(child.batches(), 'batches: the rest of the block, then the next one').toEqual([12, 16])
      expect(folded, 'blocks folded when the migration ended').toBe(shared ? 2 : 1)
      expect(spent.unfold, 'blocks unfolded in the parent').toBe(0)
      // v2 and v3 try to fold after each write-protect, upstream does not.
      expect(heap.block(BREAK).folded, 'the block of the parent is folded after fork').toBe(
        shared || kernel !== 'linux-6.12'
      )
    }
    expect(heap.block(48).folded, 'the next block keeps it').toBe(true)
  }
})

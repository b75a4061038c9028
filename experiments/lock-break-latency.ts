import { experiment } from 'contpte-lab'

const TABLE = 512 // pages of 2 MiB: one page table

/** What one table holds, as fork meets it: `[entries, progress]` of each step, from page 0. */
type Steps = readonly (readonly [entries: number, points: number])[]

// fork.md section 1: an empty entry 1 point, a present one 8, a batch of n entries 8 n; OnePlus 8 a block.
function steps(layout: string, oneplus: boolean): Steps {
  const many = (n: number, entries: number, points: number): Steps =>
    Array.from({ length: n }, () => [entries, points] as const)
  if (layout === 'empty') return many(TABLE - 5, 1, 1)
  if (layout === '64K folios') return many(TABLE / 16, 16, oneplus ? 8 : 128)
  return many(TABLE / 256, 256, 2048)
}

/** The longest run of entries under one hold of the locks, if somebody always waits. */
function longest(all: Steps, first: number, oneplus: boolean): number {
  let [progress, held, most, page] = [0, 0, 0, first]
  for (const [entries, points] of all) {
    if (progress >= 32) {
      progress = 0
      // OnePlus resets the progress also where the address is not aligned and it may not break.
      if (!oneplus || page % 16 === 0) {
        most = Math.max(most, held)
        held = 0
      }
    }
    progress += points
    held += entries
    page += entries
  }
  return Math.max(most, held)
}

export default experiment({
  title: 'What aligned lock breaks cost in latency',
  topic: 'Lock break',
  claim:
    'Breaking only at block borders (#40) avoids the unfold, but holds both locks longer: over empty entries off the grid it never breaks at all. Breaks between batches alone (#43) are bounded by the folio (#45).',
  source:
    'Barry Song, 28 Nov 2023, #35 and #40; Ryan Roberts, 29 Nov 2023, #43 and #45; progress rules: fork.md section 1, oneplus.md section 4',
  parameters: { kernel: ['linux-6.12', 'oneplus-5.15'], layout: ['empty', '64K folios', '1M folios'] },

  run({ parameters: { kernel, layout }, machine, record, expect }) {
    const oneplus = kernel === 'oneplus-5.15'
    if (oneplus && layout === '1M folios') return // it has 64K folios and pages, nothing else
    const m = machine({ kernel })
    if (!oneplus) m.sysfs.write(`hugepages-${layout === '1M folios' ? 1024 : 64}kB/enabled`, 'always')
    const parent = m.spawn()
    const heap = parent.mmap({ bytes: '4MiB', align: '4MiB', name: 'libc_malloc' })
    if (layout === 'empty') {
      // What was there gave the VMA its anon_vma and left a table: without either fork passes over it.
      heap.write(496, 1)
      heap.madvise('dontneed', 496, 16)
    } else heap.write(0, TABLE + 1)
    const first = layout === 'empty' ? 5 : 0
    if (first > 0) heap.munmap(0, first)

    let held = first
    let most = 0
    let breaks = 0
    m.onLockBreak((lock) => {
      const page = (lock.address - heap.address) / 4096
      if (page > TABLE) return
      most = Math.max(most, page - held)
      held = page
      breaks++
    })
    parent.fork()
    most = Math.max(most, TABLE - held)

    const expected = longest(steps(layout, oneplus), first, oneplus)
    record('longest hold', most, 'entries')
    record('lock breaks', breaks)
    expect(most, 'entries under one hold of the locks').toBe(expected)
    if (layout === 'empty') {
      expect(most, oneplus ? 'the whole table, for 5 is never a multiple of 16' : '32 empty entries').toBe(
        oneplus ? TABLE - 5 : 32
      )
    }
    if (layout === '64K folios') expect(most, 'a batch, or four blocks of 8 points').toBe(oneplus ? 64 : 16)
    if (layout === '1M folios') expect(most, 'a whole folio: a batch is never cut').toBe(256)
  }
})

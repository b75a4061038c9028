import { experiment } from 'contpte-lab'

const BLOCKS = 32 // 2 MiB: one page table of 64K folios, each a contpte block
const PAGES = 16 * BLOCKS

interface Expected {
  readonly batches: number
  readonly reads?: number
  readonly cas: number
  readonly xchg: number
  readonly writes: number
  readonly unfolds: number
  readonly tlbis: number
  readonly dsbs: number
  readonly refs: number
  readonly mapcounts: number
}

// fork.md section 7 and oneplus.md section 4, both sides together, the final flush included. Reads where the
// reference has them exactly. 6.12.0 and 6.9 read one folded entry more a folio, the last one apart.
const EXPECTED: Readonly<Record<string, Expected>> = {
  'no-contpte': perPte(0, 3 * PAGES),
  'contpte-unbatched': perPte(1, 160 * BLOCKS),
  'contpte-v2': batched(322 * BLOCKS, 0),
  'contpte-v3': batched(undefined, 0),
  'linux-6.9': batched(33 * BLOCKS + 17 * (BLOCKS - 1), 0),
  'linux-6.12.0': batched(33 * BLOCKS + 17 * (BLOCKS - 1), BLOCKS),
  'linux-6.12': batched(33 * BLOCKS, BLOCKS),
  'oneplus-5.15': {
    batches: BLOCKS,
    cas: 0,
    xchg: PAGES, // the parent's blocks, to write-protect them
    writes: 3 * PAGES, // 16 of the parent's, 32 of the child's
    unfolds: 0,
    tlbis: 32 * BLOCKS + 1,
    dsbs: 2 * BLOCKS + 1,
    refs: BLOCKS,
    mapcounts: BLOCKS
  }
}

/** Entry by entry; on a contpte tree each block unfolds once in the parent and folds on both sides. */
function perPte(blocks: 0 | 1, reads: number): Expected {
  return {
    batches: PAGES,
    reads,
    cas: PAGES,
    xchg: 3 * PAGES * blocks,
    writes: PAGES + 3 * PAGES * blocks,
    unfolds: BLOCKS * blocks,
    tlbis: 48 * BLOCKS * blocks + 1,
    dsbs: 3 * BLOCKS * blocks + 1,
    refs: PAGES,
    mapcounts: PAGES
  }
}

/** A folio at a time; `totals` updates of the folios' own mapcount from 6.10. */
function batched(reads: number | undefined, totals: number): Expected {
  return {
    batches: BLOCKS,
    ...(reads !== undefined && { reads }),
    cas: PAGES,
    xchg: 0,
    writes: PAGES,
    unfolds: 0,
    tlbis: 1,
    dsbs: 1,
    refs: BLOCKS,
    mapcounts: PAGES + totals
  }
}

export default experiment({
  title: 'All fork designs side by side',
  topic: 'Fork batching',
  claim:
    'Entry by entry, contiguous PTEs cost fork an unfold and two folds a block; every batched design is free of TLBIs but the last; exposing blocks to the core saves counting, not flushing.',
  source:
    'Thread of v2 01/14, Nov 2023: Ryan Roberts #4, Barry Song #34; formulae of fork.md section 7, oneplus.md section 4',
  parameters: {
    kernel: [
      'no-contpte',
      'contpte-unbatched',
      'contpte-v2',
      'contpte-v3',
      'linux-6.9',
      'linux-6.12.0',
      'linux-6.12',
      'oneplus-5.15'
    ],
    cpus: [1, 32]
  },

  run({ parameters: { kernel, cpus }, machine, record, expect }) {
    const m = machine({ kernel, cpus, cost: 'ampere-altra' })
    if (kernel !== 'oneplus-5.15') m.sysfs.write('hugepages-64kB/enabled', 'always')
    const parent = m.spawn()
    const heap = parent.mmap({ bytes: '2MiB', align: '2MiB', name: 'libc_malloc' })
    heap.write()
    const folded = kernel === 'no-contpte' ? 0 : BLOCKS
    expect(heap.foldedBlocks(), 'folded blocks').toBe(folded)

    let child = parent
    const spent = m.counters.scope(() => {
      record(
        'fork',
        m.time(() => (child = parent.fork())),
        'ns'
      )
    })
    const expected = EXPECTED[kernel]
    expect(spent.forkBatch, 'batches').toBe(expected.batches)
    if (expected.reads !== undefined) expect(spent.read, 'descriptors read').toBe(expected.reads)
    expect(spent.cas, 'entries write-protected one by one').toBe(expected.cas)
    expect(spent.xchg, 'exchanges').toBe(expected.xchg)
    expect(spent.write, 'plain stores').toBe(expected.writes)
    expect(spent.unfold, 'blocks unfolded').toBe(expected.unfolds)
    expect(spent.tlbi, 'TLBIs').toBe(expected.tlbis)
    expect(spent.dsbIsh, 'DSB ISH').toBe(expected.dsbs)
    expect(spent.folioRef, 'updates of refcounts').toBe(expected.refs)
    expect(spent.mapcount, 'updates of mapcounts').toBe(expected.mapcounts)
    expect([heap.foldedBlocks(), heap.foldedBlocks(child)], 'folded in parent, child').toEqual([
      folded,
      folded
    ])
    expect(m.check(), 'broken invariants').toEqual([])
  },

  conclude({ rows, expect, chart }) {
    const time = (kernel: string, cpus: number) =>
      rows.find(
        (row) => row.metric === 'fork' && row.parameters.kernel === kernel && row.parameters.cpus === cpus
      )?.value
    const slowest = time('contpte-unbatched', 32)
    const fastest = time('linux-6.12', 32)
    const exposed = time('oneplus-5.15', 32)
    if (slowest !== undefined && fastest !== undefined)
      expect(fastest, 'simulated time of 6.12 on 32 CPUs, ns').toBeLessThan(slowest)
    if (exposed !== undefined && fastest !== undefined)
      expect(
        exposed,
        'simulated time of OnePlus on 32 CPUs, which flushes twice a block, ns'
      ).toBeGreaterThan(fastest)
    chart('Fork time by design', {
      title: { text: 'Time of one fork of 2 MiB in 64K folios', subtitle: 'simulated' },
      width: 480,
      data: {
        values: rows
          .filter((row) => row.metric === 'fork')
          .map(({ parameters, value }) => ({ ...parameters, microseconds: value / 1e3 }))
      },
      mark: { type: 'bar', tooltip: true },
      encoding: {
        y: { field: 'kernel', type: 'nominal', title: null, sort: null },
        x: { field: 'microseconds', type: 'quantitative', title: 'time of one fork, microseconds' },
        row: { field: 'cpus', type: 'ordinal', title: 'CPUs' }
      }
    })
  }
})

import { experiment } from 'contpte-lab'

// Counters of one phone after a couple of hours, as posted.
const THP_COW = 34_669
const THP_ANON = 1_032_362
/** Blocks simulated: the same proportion. */
const FIRST = 1280
const COPIED = Math.round((FIRST * THP_COW) / THP_ANON)

export default experiment({
  title: 'How many large folios copy-on-write could lose',
  topic: 'Per-size THP',
  claim:
    'Copies are 3.25 % of the large folios that faults ask for; upstream each of them costs its block at most, so that no more than that share of memory is without contiguous entries.',
  source: 'Barry Song, 28 Nov 2023, #41 (counters); Ryan Roberts, 28 Nov 2023, #42 (3.25 %)',
  parameters: { kernel: ['linux-6.12', 'oneplus-5.15'] },

  run({ parameters: { kernel }, machine, record, expect }) {
    const m = machine({ kernel })
    const oneplus = kernel === 'oneplus-5.15'
    if (!oneplus) m.shell('echo always > hugepages-64kB/enabled')
    const zygote = m.spawn()
    const shared = zygote.mmap({ bytes: `${COPIED * 64}KiB`, name: 'libc_malloc' })
    shared.write()
    const app = zygote.fork()
    const own = app.mmap({ bytes: `${FIRST * 64}KiB`, name: 'libc_malloc' })
    const spent = m.counters.scope(() => {
      own.write()
      for (let block = 0; block < COPIED; block++) shared.write(block * 16, 1, app)
    })
    const large = own.foldedBlocks(app) + shared.foldedBlocks(app)
    const lost = FIRST + COPIED - large
    record('blocks without contiguous entries', lost, 'blocks')
    record('copies', spent.cowCopy, 'copies')
    record('pages copied', spent.pageCopy, 'pages')
    // Each store of these takes one fault, which asks for a large folio of its own or copies of one.
    const share = spent.cowCopy / spent.fault
    expect(Math.round(share * 10_000) / 100, 'copies of all that asked for large folios, in %').toBe(3.25)
    expect(lost, 'blocks lost').toBe(oneplus ? 0 : COPIED)
    expect(spent.pageCopy, 'pages copied').toBe(oneplus ? COPIED * 16 : COPIED)
    expect(m.check(), 'broken invariants').toEqual([])
  }
})

import { experiment } from 'contpte-lab'

// How a block can come to look while something happens to it. Hardware minds the first three.
const STATES = {
  'entry 0 plain (case 0)': 'misprogrammed',
  'entry 0 plain, entry 15 swap (case 1)': 'misprogrammed',
  'entry 0 maps another frame': 'misprogrammed',
  'entries 0 to 7 cleared': 'case-b',
  'entry 15 swap': 'case-b',
  // CPU 0 wrote the pages, and may translate them until the flush.
  'all cleared': 'not-flushed'
} as const

type State = keyof typeof STATES

export default experiment({
  title: 'The hardware of Barry’s report, and a block cleared to invalid',
  topic: 'Full teardown',
  claim:
    'On hardware that ends in an error when valid entries of a block disagree (the firmware crashes of the report), clearing a block to invalid is no error at any step, whatever the order: only what makes valid entries disagree is.',
  source:
    'Barry Song, 28 Nov 2023, on v2 14/14 (Qualcomm firmware, while MTK is fine), and the answer of Ryan Roberts, same day: entries that are not valid do not count; teardown.md section 5, R1',
  parameters: { state: Object.keys(STATES) as State[] },

  run({ parameters: { state }, machine, expect }) {
    const m = machine({ kernel: 'linux-6.12', cpus: 2, tlb: {} })
    m.sysfs.write('hugepages-64kB/enabled', 'always')
    const heap = m.spawn().mmap({ bytes: '64KiB', align: '2MiB' })
    heap.write()

    if (state.startsWith('entry 0 plain')) heap.corrupt(0, { contiguous: false })
    if (state.includes('15 swap')) heap.corrupt(15, { swap: true })
    if (state.includes('another frame')) heap.corrupt(0, { pfn: heap.pte(5).pfn })
    if (state === 'entries 0 to 7 cleared') for (let i = 0; i < 8; i++) heap.corrupt(i, { valid: false })
    if (state === 'all cleared') for (let i = 0; i < 16; i++) heap.corrupt(i, { valid: false })

    const { rule, safe } = heap.observe(0)
    expect(rule, 'verdict').toBe(STATES[state])
    // Such hardware raises an SError for a misprogrammed block, and for nothing else.
    expect(!safe, 'the strict hardware stops').toBe(STATES[state] === 'misprogrammed')
    expect(heap.block(0).misprogrammed, 'misprogrammed').toBe(STATES[state] === 'misprogrammed')

    // A lenient one goes on, and reaches a page twice translated, or one that the entry does not name.
    const cpu = m.cpu(1)
    let wrong = 0
    for (let page = 0; page < 16; page++) {
      const { valid, pfn } = heap.pte(page)
      if (valid && cpu.load(heap, page).pfn !== pfn) wrong++
    }
    if (m.check().some(({ rule: broken }) => broken === 'tlb-conflict')) wrong++
    expect(wrong > 0, 'a lenient one goes wrong').toBe(STATES[state] === 'misprogrammed')
  }
})

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
  parameters: { state: Object.keys(STATES) as State[], hardware: ['strict', 'lenient'] },

  run({ parameters: { state, hardware }, machine, expect }) {
    const strict = hardware === 'strict'
    const bad = STATES[state] === 'misprogrammed'
    const m = machine({ kernel: 'contpte-v2', cpus: 2, tlb: { strict } })
    m.sysfs.write('hugepages-64kB/enabled', 'always')
    const process = m.spawn()
    const heap = process.mmap({ bytes: '128KiB', align: '2MiB' })
    heap.write()

    if (state.startsWith('entry 0 plain')) heap.corrupt(0, { contiguous: false })
    if (state.includes('15 swap')) heap.corrupt(15, { swap: true })
    if (state.includes('another frame')) heap.corrupt(0, { pfn: heap.pte(5).pfn })
    if (state === 'entries 0 to 7 cleared') for (let i = 0; i < 8; i++) heap.corrupt(i, { valid: false })
    if (state === 'all cleared') for (let i = 0; i < 16; i++) heap.corrupt(i, { valid: false })
    expect(heap.observe(0).rule, 'verdict').toBe(STATES[state])
    expect(heap.block(0).misprogrammed, 'misprogrammed').toBe(bad)

    // Another CPU walks to every page that is still mapped.
    const cpu = m.cpu(1)
    let errors = 0
    let wrong = 0
    for (let page = 0; page < 16; page++) {
      const { valid, pfn } = heap.pte(page)
      if (!valid) continue
      try {
        if (cpu.load(heap, page).pfn !== pfn) wrong++
      } catch (error) {
        if ((error as { code?: string }).code !== 'hardware-error') throw error
        errors++
      }
    }
    expect(errors, 'walks that end in an error').toBe(
      strict && bad ? (state.includes('15 swap') ? 15 : 16) : 0
    )
    const broken = m.check().map(({ rule }) => rule)
    expect(broken.includes('block-misprogrammed'), 'reported with its address').toBe(strict && bad)
    // A lenient one goes on, and reaches a page twice translated, or one that the entry does not name.
    expect(wrong > 0 || broken.includes('tlb-conflict'), 'goes on, and goes wrong').toBe(!strict && bad)

    // The block beside it is torn down by v2, which leaves contiguous entries while it clears: at every step
    // CPU 1 walks to what is left, on hardware that would not forgive.
    let walks = 0
    m.onStep(() => {
      for (let page = 16; page < 32; page++) {
        if (!heap.pte(page).valid) continue
        cpu.load(heap, page)
        walks++
      }
    })
    heap.munmap(16, 16)
    m.onStep(undefined)
    expect(walks, 'walks while it is torn down, without an error').toBeGreaterThan(16)
  }
})

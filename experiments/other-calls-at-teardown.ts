import { experiment, type BlockCall } from 'contpte-lab'

// Of a remaining entry, and of one that is cleared. `set_pte` stores a valid entry.
const CALLS: readonly BlockCall[] = [
  'ptep_get',
  'ptep_get_lockless',
  'marker',
  'set_pte',
  'pte_clear',
  'ptep_get_and_clear',
  'wrprotect',
  'clear_young'
]

// What unfolds a block writes every entry of it anew, those that were cleared too.
const UNFOLDS: readonly BlockCall[] = ['marker', 'set_pte', 'pte_clear', 'ptep_get_and_clear', 'wrprotect']

export default experiment({
  title: 'Another call on a half-cleared block',
  topic: 'Full teardown',
  claim:
    'What v2 leaves half cleared is fragile: getters, markers in cleared entries and the clearing of access flags are harmless there, but any call that unfolds a remaining entry maps the cleared pages again, and a valid entry in a cleared place makes Barry’s case 0. Designs that clear whole blocks never show such a block between two calls.',
  source:
    'v2 14/14, on other APIs (Ryan Roberts, 15 Nov 2023); Alistair Popple on how fragile that is, same thread; teardown.md sections 4 and 5, R6',
  parameters: {
    kernel: [
      'contpte-v2',
      'contpte-v2-robust',
      'contpte-flush-folio',
      'contpte-v3',
      'linux-6.12',
      'oneplus-5.15'
    ]
  },

  run({ parameters: { kernel }, machine, record, expect }) {
    const m = machine({ kernel, cpus: 2, tlb: {} })
    if (kernel !== 'oneplus-5.15') m.sysfs.write('hugepages-64kB/enabled', 'always')
    const p = m.spawn()
    const heap = p.mmap({ bytes: '2MiB', align: '2MiB', name: 'libc_malloc' })
    heap.write()

    const broken: string[] = []
    const waits: string[] = []
    let looked = false
    let halves = 0
    let between = 0
    m.onStep((step) => {
      const { contiguous } = heap.block(0)
      if (contiguous === 0 || contiguous === 16) return
      halves++
      // Others may call something only where the clearing call has returned.
      if (step === 'entries cleared') between++
      if (contiguous !== 8 || looked) return
      looked = true
      for (const call of CALLS) {
        for (const [name, page] of [
          ['cleared', 2],
          ['remaining', 12]
        ] as const) {
          const result = heap.whatIf(page, call)
          if (!result.safe) broken.push(`${call} ${name}`)
          if (result.waits) waits.push(`${call} ${name}`)
        }
      }
    })
    p.exit()
    m.onStep(undefined)

    const v2 = kernel.startsWith('contpte-v2')
    record('steps at which the block is half cleared', halves)
    record('calls that would break it', broken.length)
    expect(between > 0, 'a half-cleared block is left between two calls').toBe(v2)
    if (v2) {
      expect(broken.sort(), 'what would break it').toEqual(
        ['set_pte cleared', ...UNFOLDS.map((call) => `${call} remaining`)].sort()
      )
      expect(waits, 'what would wait').toEqual([])
    } else if (kernel === 'oneplus-5.15') {
      // Its own loop shows them to other CPUs, under the lock; getters there look at one entry.
      expect(halves, 'steps inside the loop that clears a block').toBe(15)
      expect(waits, 'what would wait').toEqual([])
    } else expect(halves, 'steps at which others see half a block').toBe(0)
  }
})

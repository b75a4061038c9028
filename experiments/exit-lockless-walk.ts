import { experiment } from 'contpte-lab'

export default experiment({
  title: 'Unmapping races a lockless walk',
  topic: 'Full teardown',
  claim:
    'A walk without locks (GUP-fast) that meets a block in the middle of its teardown finds each entry gone, or there with a page that is still held: so the reference it takes is of the right page, and its second look tells whether to keep it. A gather gives pages back only after all their entries are clear.',
  source:
    'ptep_get_lockless of the contpte layer (contpte.md section 5); the answer of Ryan Roberts on v2 14/14 (28 Nov 2023), where getters must pass over cleared entries; teardown.md sections 2 and 5',
  parameters: {
    kernel: [
      'no-contpte',
      'contpte-unbatched',
      'contpte-v2',
      'contpte-v2-robust',
      'contpte-flush-folio',
      'contpte-v3',
      'linux-6.12',
      'oneplus-5.15'
    ],
    call: ['exit', 'munmap']
  },

  run({ parameters: { kernel, call }, machine, record, expect }) {
    const m = machine({ kernel, cpus: 2, tlb: {} })
    if (kernel !== 'oneplus-5.15') m.sysfs.write('hugepages-64kB/enabled', 'always')
    const p = m.spawn()
    // OnePlus has blocks in large ranges only.
    const bytes = kernel === 'oneplus-5.15' ? '2MiB' : '128KiB'
    const heap = p.mmap({ bytes, align: '2MiB', name: 'libc_malloc' })
    heap.write()

    let looks = 0
    let waits = 0
    const wrong: string[] = []
    m.onStep((step) => {
      // Once it is cleared, a walk finds nothing in it.
      const { valid } = heap.block(0)
      for (const page of valid > 0 || looks === 0 ? [0, 7, 15] : []) {
        const { answer, waits: again } = heap.whatIf(page, 'ptep_get_lockless')
        looks++
        if (again) waits++
        if (!answer.present) continue
        // try_get_folio: the reference must be one of a folio that somebody still holds.
        const folio = heap.folio(page)
        if (folio === undefined || folio.refcount < 1) wrong.push(`${step}: page ${page}`)
      }
      const { safe, rule } = heap.observe(0)
      if (!safe) wrong.push(`${step}: ${rule}`)
    })
    if (call === 'exit') p.exit()
    else heap.munmap()
    m.onStep(undefined)

    record('lockless looks', looks)
    record('of them in the middle of a change', waits)
    expect(looks, 'looks').toBeGreaterThan(0)
    expect(wrong, 'entries there whose page was nobody’s').toEqual([])
    // The steps stand between calls: only a design that returns from a half-cleared block could make one wait.
    expect(waits, 'looks that begin again').toBe(0)
  }
})

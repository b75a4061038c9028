import { experiment } from 'contpte-lab'

export default experiment({
  title: 'Refcount after mapcount',
  topic: 'Fork batching',
  claim:
    'v2 adds the mappings of a batch before its references, so that for a moment a folio has more mappings than references (#5); v3 turned it round (#8).',
  source: 'David Hildenbrand, 16 Nov 2023, #5; Ryan Roberts, 16 Nov 2023, #8; fork.md section 4',
  parameters: {
    kernel: [
      'no-contpte',
      'contpte-unbatched',
      'contpte-v2',
      'contpte-v3',
      'linux-6.9',
      'linux-6.12',
      'oneplus-5.15'
    ]
  },

  run({ parameters: { kernel }, machine, expect }) {
    const m = machine({ kernel })
    if (kernel !== 'oneplus-5.15') m.sysfs.write('hugepages-64kB/enabled', 'always')
    const parent = m.spawn()
    const heap = parent.mmap({ bytes: '2MiB', name: 'libc_malloc' })
    heap.write(0, 32)

    let steps = 0
    let worst = 0
    m.onStep((step) => {
      if (step !== 'fork: mapping' && step !== 'fork: references') return
      steps++
      const folio = heap.folio(0)
      if (!folio) return
      const pages = Array.from({ length: 16 }, (_, page) => heap.folio(page)?.mapcount ?? 0)
      const mappings = pages.reduce((sum, one) => sum + one, 0) + folio.entireMapcount
      worst = Math.max(worst, mappings - folio.refcount)
    })
    parent.fork()
    m.onStep(undefined)
    const watch = m.watch()
    parent.fork()

    expect(steps > 0, 'another CPU could look').toBe(true)
    const v2 = kernel === 'contpte-v2'
    // All 16 of the batch are mapped before the one folio_ref_add(16).
    expect(worst, 'most mappings beyond the references, as another CPU sees them').toBe(v2 ? 16 : 0)
    expect(watch.violation()?.rule, 'the checker finds').toBe(v2 ? 'refcount-below-mapcount' : undefined)
    watch.stop()
    expect(heap.folio(0)?.refcount, 'refcount in the end').toBe(kernel === 'oneplus-5.15' ? 3 : 48)
    expect(m.check(), 'broken invariants in the end').toEqual([])
  }
})

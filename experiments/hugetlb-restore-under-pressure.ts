import { experiment } from 'contpte-lab'

const POOL = 8 // HugeTLB pages of 2 MiB
const NEEDED = 7 // pages that restoring the vmemmap of one takes (hvo.md section 2.2)

export default experiment({
  title: 'Giving optimised HugeTLB pages back without memory',
  topic: 'HugeTLB',
  claim:
    'The memory that vmemmap optimisation saved has to be there again before a HugeTLB page can go back: with 6 free pages none of a pool goes, and all stay as surplus pages, still optimised; with 7 the first goes, and brings the memory for all the others.',
  source:
    'hvo.md section 2.2; linux-6.1 and linux-6.12 mm/hugetlb.c (`update_and_free_hugetlb_folio`, `bulk_vmemmap_restore_error`); Yu Zhao, 5 Jul 2024 (de-HVO needs the new pages first)',
  parameters: {
    kernel: ['linux-6.1.0', 'linux-6.12'],
    free: [0, 1, 6, 7, 8]
  },

  run({ parameters: { kernel, free }, machine, record, expect }) {
    const m = machine({ kernel, memory: '64MiB', hvo: true })
    m.hugetlb.resize('2MiB', POOL)
    m.hugetlb.optimise('2MiB')
    expect(m.hugetlb.vmemmap().savedPages, 'pages saved').toBe(POOL * NEEDED)

    // Somebody uses all memory, and gives a few pages back.
    const heap = m.spawn().mmap({ bytes: '64MiB' })
    const { free: pages } = m.memory()
    heap.write(0, pages)
    expect(m.memory().free, 'free pages').toBe(0)
    if (free > 0) heap.munmap(0, free)

    const left = m.hugetlb.resize('2MiB', 0)
    record('pages that stay', left, '1')
    const enough = free >= NEEDED
    expect(left, 'pages left in a pool of size 0').toBe(enough ? 0 : POOL)
    expect(m.hugetlb.pool('2MiB').surplus, 'surplus pages').toBe(enough ? 0 : POOL)
    expect(m.hugetlb.vmemmap().folios, 'pages still optimised').toBe(enough ? 0 : POOL)
    if (!enough) expect(m.memory().free, 'free pages: what did not suffice is given back').toBe(free)
    expect(m.check(), 'broken invariants').toEqual([])
  }
})

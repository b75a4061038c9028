import { experiment } from 'contpte-lab'

export default experiment({
  title: 'A PTE-mapped THP is 32 folded blocks',
  topic: 'Folio accounting',
  claim:
    'A 2M folio that loses its PMD mapping becomes 32 folded blocks without any fold; from then on its pages count one by one, and fork takes all of it as one batch.',
  source:
    'Ryan Roberts, 27 Nov 2023, #31: "a PTE-mapped THP (2M) ... mapped with 32 contpte blocks"; contpte.md section 5, fork.md section 3',
  parameters: { kernel: ['linux-6.9', 'linux-6.12'] },

  run({ parameters: { kernel }, machine, expect }) {
    const m = machine({ kernel })
    m.sysfs.write('enabled', 'always')
    const a = m.spawn()
    const heap = a.mmap({ bytes: '2MiB', align: '2MiB' })
    heap.write()
    expect(heap.pte(7).kind, 'mapped by').toBe('pmd')
    expect(heap.folio(7)?.entireMapcount, 'entire mapcount').toBe(1)
    expect(heap.folio(7)?.mapcount, 'mapcount of page 7').toBe(0)

    // madvise of a part cuts the VMA, and with it the PMD.
    const split = m.counters.scope(() => heap.madvise('nohugepage', 0, 256))
    expect(heap.foldedBlocks(), 'folded blocks').toBe(32)
    expect(split.fold, 'folds').toBe(0)
    expect(heap.folio(7)?.entireMapcount, 'entire mapcount').toBe(0)
    expect(heap.folio(7)?.mapcount, 'mapcount of page 7').toBe(1)
    expect(a.vmas().length, 'VMAs').toBe(2)

    heap.madvise('hugepage', 0, 256)
    heap.madvise('hugepage', 256, 256)
    expect(a.vmas().length, 'VMAs').toBe(1)
    let child = a
    const fork = m.counters.scope(() => (child = a.fork()))
    expect(child.batches(), 'batches: the whole folio').toEqual([512])
    expect(fork.folioRef, 'updates of the refcount').toBe(1)
    expect(fork.unfold, 'blocks unfolded').toBe(0)
    expect(heap.foldedBlocks(child), 'folded blocks in the child').toBe(32)
    expect(heap.folio(0)?.refcount, 'refcount').toBe(1024)
    expect(m.check(), 'broken invariants').toEqual([])
  }
})

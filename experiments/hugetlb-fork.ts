import { experiment } from 'contpte-lab'

const BYTES = 64 * 2 ** 20

// Two flushes a HugeTLB page of contiguous entries: the parent's are taken out, invalidated and put back
// write-protected, and the child's are flushed before they are set, though nothing was there. Without range
// TLBIs a flush is an instruction a 4K page, up to 511; from 512 on it is the whole ASID. A single leaf is
// write-protected in place. At the end fork invalidates the parent's ASID, whatever was copied.
const EXPECTED = {
  '64KiB HugeTLB': { tlbis: 2 * 16 * 1024 + 1, rangeTlbis: 2 * 1024 + 1 },
  '2MiB HugeTLB': { tlbis: 1, rangeTlbis: 1 },
  '32MiB HugeTLB': { tlbis: 2 * 2 + 1, rangeTlbis: 2 * 2 + 1 },
  '64KiB folded folios': { tlbis: 1, rangeTlbis: 1 }
} as const

export default experiment({
  title: 'Fork of 64 MiB of HugeTLB pages, and of folded folios of the same size',
  topic: 'HugeTLB',
  claim:
    'HugeTLB has had contiguous PTEs for long, but not the contpte layer: every fork takes a contiguous run out, flushes it and puts it back, in the parent and again in the child. Folded folios of 64K, write-protected a block at a time, send one TLBI in all; so do HugeTLB pages of one PMD.',
  source:
    'linux-6.12 arch/arm64/mm/hugetlbpage.c (`huge_ptep_set_wrprotect`, `set_huge_pte_at`); recorded on Debian 6.12.117: F.hugetlb.64kB.fork and F.hugetlb.32768kB.fork (2 RVAE1IS a page), F.hugetlb.2048kB.fork (none)',
  parameters: {
    memory: ['64KiB HugeTLB', '2MiB HugeTLB', '32MiB HugeTLB', '64KiB folded folios'],
    cpu: ['neoverse-n1', 'max']
  },

  run({ parameters: { memory, cpu }, machine, record, expect }) {
    const m = machine({ kernel: 'linux-6.12', memory: '2GiB', cpu })
    const process = m.spawn()
    if (memory === '64KiB folded folios') {
      m.sysfs.write('hugepages-64kB/enabled', 'always')
      process.mmap({ bytes: BYTES }).write()
    } else {
      const size = memory === '64KiB HugeTLB' ? '64KiB' : memory === '2MiB HugeTLB' ? '2MiB' : '32MiB'
      const { bytes } = m.hugetlb.pool(size)
      m.hugetlb.resize(size, (2 * BYTES) / bytes)
      process.mmap({ bytes: BYTES, huge: size }).write()
    }
    let child: ReturnType<typeof process.fork> | undefined
    const spent = m.counters.scope(() => {
      child = process.fork()
    })
    const { tlbis, rangeTlbis } = EXPECTED[memory]
    expect(spent.tlbi, 'TLBIs').toBe(cpu === 'max' ? rangeTlbis : tlbis)
    record('tlbi', spent.tlbi, '1')
    record('descriptor stores', spent.write + spent.xchg + spent.cas, '1')
    child?.exit()
    expect(m.check(), 'broken invariants').toEqual([])
  },

  conclude({ rows, chart }) {
    chart('TLBIs of one fork', {
      title: { text: 'TLB invalidations of one fork of 64 MiB' },
      width: 420,
      data: {
        values: rows
          .filter(({ metric }) => metric === 'tlbi')
          .map(({ parameters, value }) => ({ ...parameters, tlbis: value }))
      },
      mark: { type: 'bar', tooltip: true },
      encoding: {
        y: { field: 'memory', type: 'nominal', title: null },
        x: { field: 'tlbis', type: 'quantitative', scale: { type: 'symlog' }, title: 'TLBIs' },
        color: { field: 'cpu', type: 'nominal' },
        yOffset: { field: 'cpu', type: 'nominal' }
      }
    })
  }
})

import type { KernelRecord } from './record'
import { VMEMMAP } from './vmemmap'

export const linux69: KernelRecord = {
  name: 'linux-6.9',
  title: 'Linux 6.9: contiguous PTEs as merged',
  source:
    'v6 of the series (15 Feb 2024), merged for 6.9, with the batched fork and zap of David Hildenbrand. Reference contpte.md section 5 and 6, column 6.9; fork.md section 3; teardown.md section 4, design D4.',
  pteOps: 'transparent-6.9',
  accessFlagsNoop: 'gathered',
  forkCopy: 'batch-upstream',
  forkLoads: 2,
  batchClipped: false,
  zap: 'batch-upstream',
  faultOrders: 'per-size',
  thpFiles: 'linux-6.8',
  tlbiRange: 'descending',
  asidFallbackDsbIsh: 1,
  gatherSlots: 'run',
  lpa2: true,
  layout: 'linux-6.1',
  madvise: 'split',
  deferredSplit: 'each-unmap',
  lruBatch: 31,
  reuse: 'order-0',
  anonExclusive: true,
  pmdSplitDirty: 'entries',
  swapIn: 'page',
  functionNames: 'linux-6.12',
  lruGen: true,
  doubleMap: false,
  delayedRmap: true,
  splitDropsZeroes: false,
  splitKeepsTags: true,
  unmapFlush: 'batched',
  writeUpgrade: 'exclusive',
  knownFaults: [
    {
      rule: 'no-progress',
      where: 'mixed-agents',
      why: 'The no-op test of ptep_set_access_flags looks at the gathered entry (contpte.md A1); mended in 6.12 stable and 7.0-rc3.'
    }
  ],
  remapRealigns: true,
  swapOut: 'split',
  swapSlots: 'order-0',
  mteDesign: 'M0',
  swapZeroMap: false,
  compaction: 'folios',
  hugetlbFlush: 'range',
  vmemmap: VMEMMAP.since67,
  hugetlbRestoresReserve: true
}

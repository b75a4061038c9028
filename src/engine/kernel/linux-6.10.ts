import type { KernelRecord } from './record'

export const linuxV610: KernelRecord = {
  name: 'linux-6.10',
  title: 'Linux 6.10: large folios swapped whole',
  source:
    'Linux 6.9 with "Swap-out mTHP without splitting" (Ryan Roberts, v7, April 2024), batched MADV_FREE (Lance Yang) and tags of large folios in swap (Barry Song). Reference swap-reclaim.md, columns 6.10; mte-swap.md section 2.',
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
  layout: 'linux-6.10',
  madvise: 'batch',
  deferredSplit: 'partially-mapped',
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
  swapOut: 'whole',
  swapSlots: 'per-order',
  mteDesign: 'M10',
  swapZeroMap: false,
  compaction: 'folios',
  hugetlbFlush: 'range',
  hugetlbRestoresReserve: true
}

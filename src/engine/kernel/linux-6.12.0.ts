import type { KernelRecord } from './record'
import { VMEMMAP } from './vmemmap'

export const linux6120: KernelRecord = {
  name: 'linux-6.12.0',
  title: 'Linux 6.12 as released',
  source:
    'Linux 6.12 without the stable changes that the reference lists: the gathered no-op test (contpte.md A1) and the read past the end of a folio (fork.md section 3).',
  pteOps: 'transparent-6.12',
  accessFlagsNoop: 'gathered',
  forkCopy: 'batch-upstream',
  forkLoads: 2,
  batchClipped: false,
  zap: 'batch-upstream',
  faultOrders: 'per-size',
  thpFiles: 'linux-6.12',
  tlbiRange: 'descending',
  asidFallbackDsbIsh: 2,
  gatherSlots: 'run',
  lpa2: true,
  layout: 'linux-6.10',
  madvise: 'batch',
  deferredSplit: 'partially-mapped',
  lruBatch: 31,
  reuse: 'order-0',
  anonExclusive: true,
  pmdSplitDirty: 'entries',
  swapIn: 'folio',
  functionNames: 'linux-6.12',
  lruGen: true,
  doubleMap: false,
  delayedRmap: true,
  splitDropsZeroes: true,
  splitKeepsTags: false,
  unmapFlush: 'batched',
  writeUpgrade: 'exclusive',
  knownFaults: [
    {
      rule: 'no-progress',
      where: 'mixed-agents',
      why: 'The no-op test of ptep_set_access_flags looks at the gathered entry (contpte.md A1); mended in 6.12 stable and 7.0-rc3.'
    },
    {
      rule: 'tags',
      where: 'tagged-memory',
      why: 'Splitting a folio maps the shared page of zeroes for a page that holds only zeroes, and its memory tags are gone (Lance Yang, September 2025; mended in stable).'
    }
  ],
  remapRealigns: true,
  swapOut: 'whole',
  swapSlots: 'lists',
  mteDesign: 'M10',
  swapZeroMap: true,
  compaction: 'folios',
  hugetlbFlush: 'range',
  vmemmap: VMEMMAP.since611,
  hugetlbRestoresReserve: true
}

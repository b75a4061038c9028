import type { KernelRecord } from './record'
import { VMEMMAP } from './vmemmap'

export const contpteV2: KernelRecord = {
  name: 'contpte-v2',
  title: 'Contiguous PTEs with the batched fork of v2',
  source:
    'v2 as posted (Ryan Roberts, 15 Nov 2023): 12/14 with the batched copy of 01/14 and 13/14 and the exit path of 14/14. Reference fork.md sections 3, 4 and 7, column "V2 01+13"; teardown.md section 4, design D2.',
  pteOps: 'transparent-v2',
  accessFlagsNoop: 'gathered',
  forkCopy: 'batch-v2',
  forkLoads: 2,
  batchClipped: false,
  zap: 'full-v2',
  faultOrders: 'per-size',
  thpFiles: 'linux-6.8',
  tlbiRange: 'ascending',
  asidFallbackDsbIsh: 1,
  gatherSlots: 'page',
  lpa2: false,
  layout: 'linux-6.1',
  madvise: 'split',
  deferredSplit: 'each-unmap',
  lruBatch: 15,
  reuse: 'order-0',
  anonExclusive: true,
  pmdSplitDirty: 'entries',
  swapIn: 'page',
  functionNames: 'linux-6.12',
  lruGen: false,
  doubleMap: false,
  delayedRmap: true,
  splitDropsZeroes: false,
  splitKeepsTags: true,
  unmapFlush: 'batched',
  writeUpgrade: 'exclusive',
  knownFaults: [
    {
      rule: 'refcount-below-mapcount',
      where: 'fork',
      why: 'Fork adds the mappings of a batch before its references (David Hildenbrand, 16 Nov 2023; fork.md section 5, #5).'
    },
    {
      rule: 'dirty-lost',
      where: 'fork',
      why: 'Only the first entry of a batch says whether the child is dirty (fork.md section 5; mended silently in v3).'
    }
  ],
  remapRealigns: true,
  swapOut: 'split',
  swapSlots: 'order-0',
  mteDesign: 'M0',
  swapZeroMap: false,
  compaction: 'pages',
  hugetlbFlush: 'range',
  vmemmap: VMEMMAP.since67,
  hugetlbRestoresReserve: false
}

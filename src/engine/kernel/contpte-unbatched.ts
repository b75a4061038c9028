import type { KernelRecord } from './record'

export const contpteUnbatched: KernelRecord = {
  name: 'contpte-unbatched',
  title: 'Contiguous PTEs, fork copies PTE by PTE',
  source:
    'v2 12/14 alone (Ryan Roberts, 15 Nov 2023): the transparent contpte layer under an unchanged core. Reference contpte.md section 6, column V2; fork.md section 7, column "per-PTE on contpte layer".',
  pteOps: 'transparent-v2',
  accessFlagsNoop: 'gathered',
  forkCopy: 'per-pte',
  forkLoads: 2,
  batchClipped: false,
  zap: 'unfold-first',
  faultOrders: 'per-size',
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
  functionNames: 'linux-6.12',
  lruGen: false,
  doubleMap: false,
  delayedRmap: true,
  unmapFlush: 'batched',
  writeUpgrade: 'exclusive',
  knownFaults: [],
  remapRealigns: true
}

import type { KernelRecord } from './record'

export const contpteV3: KernelRecord = {
  name: 'contpte-v3',
  title: 'Contiguous PTEs as agreed for v3',
  source:
    'v3 of the series (Ryan Roberts, 4 Dec 2023) with what the reviews of v2 agreed. Reference fork.md sections 3 to 5, column V3; contpte.md section 6; teardown.md section 4, design D3.',
  pteOps: 'transparent-v3',
  accessFlagsNoop: 'gathered',
  forkCopy: 'batch-v3',
  forkLoads: 2,
  batchClipped: false,
  zap: 'clear-ptes-v3',
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

import type { KernelRecord } from './record'

export const linux612: KernelRecord = {
  name: 'linux-6.12',
  title: 'Linux 6.12 with its stable changes',
  source:
    'Linux 6.12 stable as released by Debian (recorded: 6.12.117). Reference contpte.md section 5, fork.md sections 3 and 7, teardown.md section 4, design D4.',
  pteOps: 'transparent-6.12',
  accessFlagsNoop: 'each-entry',
  forkCopy: 'batch-upstream',
  forkLoads: 2,
  batchClipped: true,
  zap: 'batch-upstream',
  faultOrders: 'per-size',
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
  functionNames: 'linux-6.12',
  lruGen: true,
  doubleMap: false,
  delayedRmap: true,
  unmapFlush: 'batched',
  writeUpgrade: 'exclusive',
  knownFaults: [],
  remapRealigns: true
}

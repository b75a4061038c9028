import type { KernelRecord } from './record'

export const linux61: KernelRecord = {
  name: 'linux-6.1',
  title: 'Linux 6.1: PMD-sized folios or none, no contiguous PTEs',
  source:
    'Linux 6.1 as released by Debian (recorded: 6.1.192). Reference contpte.md section 6, column 6.1; fork.md section 7, first column; teardown.md design D0.',
  pteOps: 'absent',
  accessFlagsNoop: 'gathered',
  forkCopy: 'per-pte',
  forkLoads: 3,
  batchClipped: false,
  zap: 'plain',
  faultOrders: 'pmd-only',
  tlbiRange: 'ascending',
  asidFallbackDsbIsh: 1,
  gatherSlots: 'page',
  lpa2: false,
  layout: 'linux-6.1',
  madvise: 'split',
  deferredSplit: 'each-unmap',
  lruBatch: 15,
  reuse: 'linux-6.1',
  anonExclusive: true,
  pmdSplitDirty: 'folio',
  functionNames: 'linux-6.1',
  lruGen: false,
  doubleMap: true,
  delayedRmap: false,
  unmapFlush: 'each',
  writeUpgrade: 'dirty-exclusive',
  knownFaults: [],
  remapRealigns: false
}

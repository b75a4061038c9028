import type { KernelRecord } from './record'

export const noContpte: KernelRecord = {
  name: 'no-contpte',
  title: 'Per-size folios, no contiguous PTEs',
  source:
    'The tree just before v2 12/14 of "Transparent Contiguous PTEs for User Mappings" (Ryan Roberts, 15 Nov 2023): per-size anonymous folios, raw PTE operations, fork copies PTE by PTE. Reference fork.md section 7, column "per-PTE, no contpte".',
  pteOps: 'absent',
  accessFlagsNoop: 'gathered',
  forkCopy: 'per-pte',
  forkLoads: 2,
  batchClipped: false,
  zap: 'plain',
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

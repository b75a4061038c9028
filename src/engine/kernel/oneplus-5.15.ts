import type { KernelRecord } from './record'

export const oneplus515: KernelRecord = {
  name: 'oneplus-5.15',
  title: 'OnePlus 5.15: 64K blocks known to core mm',
  source:
    'OnePlusOSS/android_kernel_oneplus_sm8550 as quoted by Barry Song (Nov 2023). Reference oneplus.md.',
  pteOps: 'exposed',
  accessFlagsNoop: 'gathered',
  forkCopy: 'exposed',
  forkLoads: 3,
  batchClipped: false,
  zap: 'exposed',
  faultOrders: 'exposed',
  tlbiRange: 'ascending',
  asidFallbackDsbIsh: 1,
  gatherSlots: 'page',
  lpa2: false,
  layout: 'linux-6.1',
  madvise: 'split',
  deferredSplit: 'each-unmap',
  lruBatch: 15,
  reuse: 'sole-reference',
  anonExclusive: false,
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

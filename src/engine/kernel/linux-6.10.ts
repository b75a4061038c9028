import { linux69 } from './linux-6.9'
import type { KernelRecord } from './record'

export const linuxV610: KernelRecord = {
  ...linux69,
  name: 'linux-6.10',
  title: 'Linux 6.10: large folios swapped whole',
  source:
    'Linux 6.9 with "Swap-out mTHP without splitting" (Ryan Roberts, v7, April 2024), batched MADV_FREE (Lance Yang) and tags of large folios in swap (Barry Song). Reference swap-reclaim.md, columns 6.10; mte-swap.md section 2.',
  thpFiles: 'linux-6.10',
  layout: 'linux-6.10',
  madvise: 'batch',
  deferredSplit: 'partially-mapped',
  swapOut: 'whole',
  swapSlots: 'per-order',
  mteDesign: 'M10'
}

import { linuxV610 } from './linux-6.10'
import type { KernelRecord } from './record'
import { VMEMMAP } from './vmemmap'

export const linux611: KernelRecord = {
  ...linuxV610,
  name: 'linux-6.11',
  title: 'Linux 6.11: a swapped folio that is still cached is mapped at once',
  source:
    'Linux 6.10 with "large folios swap-in: handle refault cases first" (Barry Song and Chuanhua Han, v5, 29 May 2024), shared memory per size (Baolin Wang) and statistics of splits (Lance Yang). Reference thp-sysfs.md, column 6.11; swap-reclaim.md section 4.1; hvo.md section 2.',
  thpFiles: 'linux-6.11',
  swapIn: 'cached-folio',
  vmemmap: VMEMMAP.since611
}

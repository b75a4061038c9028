import { linux69 } from './linux-6.9'
import type { KernelRecord } from './record'

export const linux68: KernelRecord = {
  ...linux69,
  name: 'linux-6.8',
  title: 'Linux 6.8: per-size folios as merged, no contiguous PTEs',
  source:
    'Linux 6.8 with "Multi-size THP for anonymous memory" (Ryan Roberts, v9, December 2023). Reference thp-sysfs.md, column 6.8/6.9; contpte.md section 6 (contiguous PTEs came with 6.9); fork.md section 7, column "per-PTE, no contpte"; teardown.md section 2 and design D0, up to 6.8.',
  pteOps: 'absent',
  forkCopy: 'per-pte',
  zap: 'plain',
  gatherSlots: 'page',
  lpa2: false,
  lruBatch: 15,
  compaction: 'pages',
  hugetlbRestoresReserve: false,
  knownFaults: []
}

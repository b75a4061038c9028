import { linux61 } from './linux-6.1'
import type { KernelRecord } from './record'
import { VMEMMAP } from './vmemmap'

export const linux610: KernelRecord = {
  ...linux61,
  name: 'linux-6.1.0',
  title: 'Linux 6.1.0 to 6.1.15: HugeTLB vmemmap optimisation on arm64',
  source:
    'Linux 6.1 before commit 060a2c92d1b6 (stable 6.1.16, March 2023) stopped arm64 from selecting vmemmap optimisation. Reference hvo.md section 2.5; else as linux-6.1.',
  vmemmap: VMEMMAP.selected519,
  hugetlbFlush: 'range'
}

import { contpteV2 } from './contpte-v2'
import type { KernelRecord } from './record'

export const contpteV2Robust: KernelRecord = {
  ...contpteV2,
  name: 'contpte-v2-robust',
  title: 'v2 with an exit that keeps accessed and dirty in the block',
  source:
    'v2 with the exit proposed in its review (Ryan Roberts, 30 Nov 2023, on v2 14/14), never merged. Reference teardown.md section 4, design D2r.',
  zap: 'full-v2-robust'
}

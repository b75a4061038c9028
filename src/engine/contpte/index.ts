import type { KernelRecord } from '../kernel/record'
import { AbsentPteOps } from './absent'
import type { PteOps, PteWorld } from './ops'
import { TransparentV2PteOps } from './transparent-v2'

/** The PTE operations of a kernel. */
export function makePteOps(world: PteWorld & { readonly kernel: KernelRecord }): PteOps {
  const { kernel } = world
  switch (kernel.pteOps) {
    case 'absent':
      return new AbsentPteOps(world)
    default:
      return new TransparentV2PteOps(world, kernel.zap === 'full-v2')
  }
}

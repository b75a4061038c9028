import type { KernelRecord } from '../kernel/record'
import { AbsentPteOps } from './absent'
import { ExposedPteOps } from './exposed'
import type { PteOps, PteWorld } from './ops'
import { TransparentV2PteOps } from './transparent-v2'
import { UpstreamPteOps } from './upstream'

/** The PTE operations of a kernel. */
export function makePteOps(world: PteWorld & { readonly kernel: KernelRecord }): PteOps {
  const { kernel } = world
  switch (kernel.pteOps) {
    case 'absent':
      return new AbsentPteOps(world)
    case 'transparent-v2':
      return new TransparentV2PteOps(world, {
        fullTeardown: kernel.zap === 'full-v2-robust' ? 'robust' : kernel.zap === 'full-v2',
        clearsRuns: kernel.zap === 'flush-folio'
      })
    case 'transparent-v3':
      return new TransparentV2PteOps(world, { fullTeardown: false, clearsRuns: true })
    case 'transparent-6.9':
    case 'transparent-6.12':
      return new UpstreamPteOps(world, kernel.accessFlagsNoop === 'each-entry')
    case 'exposed':
      return new ExposedPteOps(world)
  }
}

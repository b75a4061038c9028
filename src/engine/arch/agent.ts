/**
 * Accesses of an agent that shares a process's tables: another CPU's thread, or a device behind an
 * SMMU that resolves its faults through the kernel (SVA). Source: reference `architecture.md`
 * section 4 (H6), `contpte.md` section 5 (A1).
 */
import { handleFault } from '../mm/fault'
import type { Mm } from '../mm/mm'
import type { World } from '../world'
import { translate } from './translate'

/** Faults after which an access counts as stuck: nothing that makes progress takes more than a few. */
export const MAX_RETRIES = 16

/** What an agent's access came to. */
export interface AgentAccess {
  /** The frame it reached, -1 where it never did. */
  readonly pfn: number
  /** Faults it took. */
  readonly faults: number
}

/**
 * One access by CPU or walker number `agent` (walkers follow the CPUs): translated by its own TLB, by
 * a walk of its own, with the updates that its own hardware makes; faults are handled by the kernel
 * and the access is tried again. An access that does not get through is reported to the TLBs as
 * `no-progress`. Throws what the fault handler throws. The machine must have TLBs.
 */
export function agentAccess(world: World, mm: Mm, agent: number, vpn: number, write: boolean): AgentAccess {
  const { tlbs } = world
  if (tlbs === undefined) throw new Error('an agent needs a machine with TLBs')
  const before = world.currentCpu
  world.currentCpu = agent
  try {
    for (let faults = 0; faults <= MAX_RETRIES; faults++) {
      const pfn = translate(world, tlbs, mm, vpn, write)
      if (pfn >= 0) return { pfn, faults }
      handleFault(world, mm, vpn, write)
    }
  } finally {
    world.currentCpu = before
  }
  const what = write ? 'store' : 'load'
  tlbs.report(
    'no-progress',
    `agent ${agent}, mm ${mm.pid}, page ${vpn}`,
    `the ${what} still faults after ${MAX_RETRIES} faults were handled`
  )
  return { pfn: -1, faults: MAX_RETRIES }
}

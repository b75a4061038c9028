/** What a fuzzed world is like: everything follows from its seed. */
import type { CpuFeatures } from '../../src/engine/arch/cpu'
import type { GranuleName } from '../../src/engine/arch/granule'
import { Seeded } from '../../src/engine/arch/seeded'
import type { TlbConfig } from '../../src/engine/arch/tlb'
import { KERNELS, kernelByName } from '../../src/engine/kernel'
import type { KernelRecord } from '../../src/engine/kernel'
import { RIGHT_MTE_DESIGNS, mteDesign } from '../../src/engine/mte/designs'

/** One world. */
export interface Plan {
  readonly seed: number
  readonly kernel: KernelRecord
  readonly granule: GranuleName
  readonly cpu: CpuFeatures
  readonly tlb: TlbConfig
  /** Processes that may live at once. */
  readonly procs: number
  readonly cpus: number
  readonly memoryBytes: number
  /** Swap area, if there is one. */
  readonly swapBytes: number | undefined
  /** The swap device is done at once (zram), or later. */
  readonly synchronous: boolean
  /** CPUs with memory tags; then every setter counts, and nothing stands in for many. */
  readonly mte: boolean
  /** Pages whose tags may be saved for swap at once: there is no memory for more. */
  readonly tagBuffers: number
  readonly fastPaths: boolean
  /** Whether processes may fork. */
  readonly forks: boolean
  /** Operations chosen more or less often than usual, by name. */
  readonly weights: Readonly<Partial<Record<string, number>>>
}

/** What a caller may fix. */
export interface PlanLimits {
  /** One of `FOCUS`: what the worlds are to be about. */
  readonly only?: string | undefined
  /** A design for tags in swap, in worlds with tags and large folios that are swapped whole. */
  readonly design?: string | undefined
  readonly kernel?: string | undefined
  readonly procs?: number | undefined
  readonly cpus?: number | undefined
}

const SWAP = {
  ...{ pageout: 24, free: 6, cold: 4, fork: 8, mmap: 10, unpin: 2 },
  ...{ setTags: 16, getTags: 12, reclaim: 6 }
}

/** Worlds that are about one thing: its operations come often. */
export const FOCUS: Readonly<Record<string, Readonly<Partial<Record<string, number>>>>> = {
  fork: { fork: 16, exit: 14, pin: 5, mprotect: 10 },
  swap: SWAP,
  tags: {
    ...SWAP,
    ...{ mprotect: 40, setTags: 40, getTags: 30, munmap: 15, mmap: 15, exit: 1, sysfs: 1 },
    ...{ mmapHuge: 0, pool: 0, mmapFile: 0, fork: 0, free: 0, migrate: 0, numaHint: 0, userfault: 0 }
  },
  hugetlb: { mmapHuge: 24, pool: 8, fork: 8, exit: 6, mremap: 8, mprotect: 9, pin: 4, populate: 5 },
  teardown: { munmap: 14, dontneed: 18, exit: 9, fork: 9, mmap: 16, mremap: 8 }
}

/** Worlds with tags and swap, in every design that is called right unless one is asked for. */
const ABOUT_TAGS: ReadonlySet<string | undefined> = new Set(['swap', 'tags'])

/** Whether a kernel is known to do something wrong there: its worlds then leave it out. */
function knownAt(kernel: KernelRecord, at: KernelRecord['knownFaults'][number]['where']): boolean {
  return kernel.knownFaults.some(({ where }) => where === at)
}

/**
 * A kernel with another design for tags in swap: one that swaps large folios whole, as `kernel` does or
 * else 6.12.
 */
function withDesign(kernel: KernelRecord, design: string): KernelRecord {
  const whole = kernel.swapOut === 'whole' && kernel.splitKeepsTags ? kernel : kernelByName('linux-6.12')
  return { ...whole, mteDesign: mteDesign(design)?.name ?? whole.mteDesign }
}

/** Half of the worlds about tags have a design that the kernel itself has not: one of those called right. */
function withAnyDesign(kernel: KernelRecord, limits: PlanLimits, random: Seeded): KernelRecord {
  const design = RIGHT_MTE_DESIGNS[random.below(RIGHT_MTE_DESIGNS.length)]
  return limits.kernel === undefined && random.below(2) === 0 ? withDesign(kernel, design) : kernel
}

/** Pages of the arena in which everything happens, by granule: a few PMDs of 4K, one and a half of others. */
export const ARENA: Readonly<Record<GranuleName, number>> = { '4K': 2560, '16K': 3328, '64K': 9216 }

/** The world that `seed` stands for. */
export function planOf(seed: number, limits: PlanLimits = {}): Plan {
  const random = new Seeded(seed)
  const any =
    limits.kernel === undefined ? KERNELS[random.below(KERNELS.length)] : kernelByName(limits.kernel)
  const kernel = limits.design === undefined ? any : withDesign(any, limits.design)
  const chance = (percent: number) => random.below(100) < percent
  // OnePlus knows 4K pages only.
  const die = kernel.pteOps === 'exposed' ? 0 : random.below(100)
  const granule: GranuleName = die < 76 ? '4K' : die < 90 ? '16K' : '64K'
  const cpus = limits.cpus ?? 1 + random.below(4)
  const hafdbs = chance(75)
  const aboutTags = ABOUT_TAGS.has(limits.only)
  const swap = chance(70) || aboutTags
  const pageBytes = granule === '4K' ? 2 ** 12 : granule === '16K' ? 2 ** 14 : 2 ** 16
  const memoryBytes =
    granule === '4K' ? (24 + 8 * random.below(8)) * 2 ** 20 : granule === '16K' ? 2 ** 28 : 2 ** 31
  const swapBytes = swap ? pageBytes * 2 ** (8 + random.below(5)) : undefined
  const mixed = !knownAt(kernel, 'mixed-agents') && chance(40)
  const tagsLost = kernel.pteOps === 'exposed' || knownAt(kernel, 'tagged-memory')
  const mte = chance(aboutTags ? 75 : 30) && !tagsLost
  const tagRandom = new Seeded(seed ^ 0x27d4eb2f)
  return {
    seed,
    kernel:
      aboutTags && mte && limits.design === undefined ? withAnyDesign(kernel, limits, tagRandom) : kernel,
    granule,
    cpu: {
      hafdbs,
      tlbRange: chance(60),
      kpti: chance(25),
      lpa2: chance(30),
      repeatTlbi: chance(10),
      mte
    },
    tlb: {
      entries: [4, 16, 32, 48][random.below(4)],
      coalesce: (['always', 'always', 'seeded', 'never'] as const)[random.below(4)],
      evict: chance(50) ? 'oldest' : 'seeded',
      completion: chance(75) ? 'at-dsb' : 'at-issue',
      records: chance(75) ? 'seeded' : 'own',
      cpus,
      withoutHafdbs: mixed && hafdbs && cpus > 1 ? [random.below(cpus)] : [],
      walkers: mixed ? 1 : 0
    },
    procs: limits.procs ?? 1 + random.below(8),
    cpus,
    memoryBytes,
    swapBytes,
    synchronous: chance(60),
    mte,
    tagBuffers: aboutTags && tagRandom.below(3) === 0 ? 8 + tagRandom.below(120) : Infinity,
    fastPaths: chance(50) && !mte,
    // Who asks for worlds about fork wants to see it.
    forks: !knownAt(kernel, 'fork') || limits.only === 'fork',
    weights: limits.only === undefined ? {} : FOCUS[limits.only]
  }
}

/** The plan in one line. */
export function planText(plan: Plan): string {
  const { kernel, granule, cpu, tlb } = plan
  const features = [
    cpu.hafdbs ? 'HAFDBS' : 'no HAFDBS',
    cpu.tlbRange ? 'range TLBI' : '',
    cpu.kpti ? 'KPTI' : '',
    cpu.lpa2 === true ? 'LPA2' : '',
    cpu.repeatTlbi ? 'repeat TLBI' : '',
    cpu.mte === true ? `MTE ${kernel.mteDesign}` : '',
    plan.tagBuffers === Infinity ? '' : `tags of ${plan.tagBuffers} pages in swap`
  ].filter((text) => text !== '')
  const agents = `${tlb.cpus} CPUs, ${tlb.walkers} walkers, without HAFDBS [${tlb.withoutHafdbs?.join(' ') ?? ''}]`
  const tlbs = `TLBs of ${tlb.entries}, coalesce ${tlb.coalesce}, evict ${tlb.evict}, TLBI ${tlb.completion}, records ${tlb.records}`
  return `${kernel.name} ${granule}; ${features.join(', ')}; ${agents}; ${tlbs}; ${plan.procs} processes; ${plan.memoryBytes / 2 ** 20} MiB${plan.swapBytes === undefined ? '' : `; swap ${plan.swapBytes / 2 ** 20} MiB${plan.synchronous ? '' : ' on a slow device'}`}${plan.fastPaths ? '; fast paths' : ''}`
}

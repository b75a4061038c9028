/** What the simulated CPUs can do. Source: reference `architecture.md` sections 4 and 5. */
export interface CpuFeatures {
  /** Hardware updates the access flag and dirty state (FEAT_HAFDBS). */
  readonly hafdbs: boolean
  /** TLBI by range exists (FEAT_TLBIRANGE). */
  readonly tlbRange: boolean
  /** The kernel is unmapped at EL0: every user TLBI is issued for two ASIDs. */
  readonly kpti: boolean
  /** 52-bit addresses with 4K and 16K pages (FEAT_LPA2), used by kernels that know them (6.9+). Default false. */
  readonly lpa2?: boolean
  /** The memory tagging extension (FEAT_MTE2), used by kernels that know it. Default false. */
  readonly mte?: boolean
  /** Erratum "broken broadcast TLBI completion": one more TLBI and DSB ISH after every flush. */
  readonly repeatTlbi: boolean
}

/**
 * The CPU of the published measurements (Ampere Altra, Neoverse N1): HAFDBS, no range TLBI. The
 * repeated TLBI that some N1 revisions need is left out, as in the formulae of the reference.
 */
export const NEOVERSE_N1: CpuFeatures = { hafdbs: true, tlbRange: false, kpti: false, repeatTlbi: false }

/** Armv8.0: software marks entries accessed and dirty; no range TLBI. */
export const CORTEX_A72: CpuFeatures = { hafdbs: false, tlbRange: false, kpti: false, repeatTlbi: false }

/** Everything modelled that is no erratum: HAFDBS, range TLBI, 52-bit addresses. */
export const MAX: CpuFeatures = { hafdbs: true, tlbRange: true, kpti: false, lpa2: true, repeatTlbi: false }

/** The CPU models by the names scripts use. */
export const CPU_MODELS: Readonly<Record<string, CpuFeatures>> = {
  'neoverse-n1': NEOVERSE_N1,
  'cortex-a72': CORTEX_A72,
  max: MAX
}

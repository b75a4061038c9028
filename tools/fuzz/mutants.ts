import type { Seeded } from '../../src/engine/arch/seeded'
import type { KernelRecord } from '../../src/engine/kernel'
import type { World } from '../../src/engine/world'

/** A seeded fault: what a mistake in the engine would do, put into one world from outside. */
export interface Mutant {
  readonly name: string
  /** What goes wrong. */
  readonly what: string
  /** Kernels that have what goes wrong. */
  readonly fits: (kernel: KernelRecord) => boolean
  /** Puts the fault into a new world; what it answers tells whether it came to pass by now. */
  install(world: World, random: Seeded): () => boolean
}
export const MUTANTS: readonly Mutant[] = []

import type { World } from '../../src/engine/world'

/** A seeded fault. */
export interface Mutant {
  readonly name: string
  install(world: World, seed: number): void
}
export const MUTANTS = []

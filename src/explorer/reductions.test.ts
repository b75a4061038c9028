/** The reduced search against the one that leaves nothing out. */
import { describe, expect, it } from 'vitest'
import { Seeded } from '../engine/arch/seeded'
import { branchesOf } from './explore'
import type { Model } from './model'
import type { Reductions } from './program'
import { Search } from './search'
import { randomModel } from './testing/random-model'

const MODELS = 200

function random(seed: number): () => number {
  const stream = new Seeded(seed)
  for (let warm = 0; warm < 8; warm++) stream.below(2)
  return () => stream.below(1 << 20) / (1 << 20)
}

/** Every kind of harm with the length of the shortest way to it, and how it ended. */
function harm(
  model: Model,
  reductions: Reductions
): { found: Record<string, number>; states: number; status: string } {
  const search = new Search(model, branchesOf(model)[0], reductions, true)
  while (search.run(50_000) === 'running');
  const found: Record<string, number> = {}
  for (const { code, state } of search.found) {
    let length = 1
    for (let at = state; at > 0; at = search.parentOf(at)) length++
    found[code] = length
  }
  return { found, states: search.progress.states, status: search.status }
}

describe('reductions', () => {
  it(`find the same harm by equally short ways on ${MODELS} random models`, () => {
    let [reduced, whole, harmful] = [0, 0, 0]
    const kinds = new Set<string>()
    let compared = 0
    for (let seed = 1; compared < MODELS; seed++) {
      const model = randomModel(random(seed))
      const full = harm(model, { fills: false, symmetry: false })
      // Too large to be looked at without reductions: the next one.
      if (full.status === 'full') continue
      compared++
      const wanted = { seed, found: full.found, status: full.status }
      for (const reductions of [
        { fills: true, symmetry: false },
        { fills: false, symmetry: true },
        { fills: true, symmetry: true }
      ]) {
        const { found, status, states } = harm(model, reductions)
        expect({ seed, found, status }).toEqual(wanted)
        expect(states).toBeLessThanOrEqual(full.states)
        if (reductions.fills && reductions.symmetry) reduced += states
      }
      whole += full.states
      if (Object.keys(full.found).length > 0) harmful++
      for (const code of Object.keys(full.found)) kinds.add(code)
    }
    // The models are worth comparing: some hold, most do harm of many kinds, and much is left out.
    expect(harmful).toBeGreaterThan(MODELS / 2)
    expect(harmful).toBeLessThan(MODELS)
    expect(kinds.size).toBeGreaterThanOrEqual(14)
    expect(reduced * 3).toBeLessThan(whole)
  }, 120_000)
})

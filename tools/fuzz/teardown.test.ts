/**
 * Teardown in the designs that random worlds leave out because of their fork: v2 and its robust exit, in
 * worlds that never fork. Another CPU may access memory at every step, and observers look at every block that
 * is half cleared.
 */
import { describe, expect, it } from 'vitest'
import { isDirty, isValidCont, mkclean } from '../../src/engine/arch/descriptor'
import { observeBlock } from '../../src/engine/check/observe'
import { worldSeed } from './campaign'
import type { Mutant } from './mutants'
import { runWorld } from './session'

const ALONE = { fork: 0, munmap: 12, dontneed: 12, exit: 6, mmapHuge: 0, pool: 0 }

/** Looks at every block of the process that began to clear, wherever another CPU could. */
function observer(verdicts: Map<string, number>): Mutant {
  return {
    name: 'observer',
    what: 'nothing: it only looks',
    fits: () => true,
    weights: ALONE,
    install({ world }) {
      let clears = 0
      const { probe } = world
      world.probe = (what, pfn) => {
        probe?.(what, pfn)
        // Every seventh clear: in time that is every index of a block.
        if (what !== 'entries cleared' || clears++ % 7 > 0) return
        const { geometry } = world
        const c = geometry.contPtes
        for (const mm of world.mms) {
          for (const vma of mm.vmas) {
            const first = vma.start - (vma.start % c)
            const seen = observeBlock(world, mm, first, mm.exiting)
            if (seen.valid === 0) continue
            const rule = seen.contiguous % c === 0 ? 'whole' : seen.rule
            verdicts.set(rule, (verdicts.get(rule) ?? 0) + 1)
            if (!seen.safe) world.tlbs?.report('observed', `page ${first}`, seen.why)
          }
        }
      }
      return () => false
    }
  }
}

describe.each(['contpte-v2', 'contpte-v2-robust'])('%s, in worlds that never fork', (kernel) => {
  it('breaks no rule, whoever looks', { timeout: 60_000 }, () => {
    const verdicts = new Map<string, number>()
    const worlds = Array.from({ length: 2 }, (_, i) =>
      runWorld(worldSeed(11, i), { kernel, cpus: 3, steps: 150, mutant: observer(verdicts) })
    )
    expect(worlds.map(({ violation }) => violation)).toEqual(worlds.map(() => undefined))
    expect(worlds.some(({ counts }) => (counts.get('exit') ?? 0) > 0)).toBe(true)
    expect(verdicts.get('case-b') ?? 0).toBeGreaterThan(0)
  })

  /** The exit of v2 where the process lives on: what `full` is there to prevent. */
  const always: Mutant = {
    name: 'full-always',
    what: 'every clear leaves its neighbours folded, not those of an exit only',
    fits: () => true,
    weights: ALONE,
    install({ world }) {
      let planted = false
      const { ops, tables } = world
      const original = ops.ptepGetAndClearFull.bind(ops)
      ops.ptepGetAndClearFull = (mm, slot, full) => {
        planted ||= !full && isValidCont(tables.attr(slot))
        return original(mm, slot, true)
      }
      return () => planted
    }
  }

  const loses: Mutant = {
    name: 'teardown-loses-dirty',
    what: 'clearing an entry does not tell that its page was stored to',
    fits: () => true,
    // Only a page that outlives its mapping can have lost something.
    weights: { ...ALONE, mmapFile: 20, write: 40 },
    install({ world }) {
      let planted = false
      const { ops } = world
      const original = ops.ptepGetAndClearFull.bind(ops)
      ops.ptepGetAndClearFull = (mm, slot, full) => {
        const entry = original(mm, slot, full)
        planted ||= isDirty(entry)
        return mkclean(entry)
      }
      return () => planted
    }
  }

  it.each([
    { mutant: always, rules: ['block-consistent', 'block-misprogrammed'] },
    { mutant: loses, rules: ['dirty-lost'] }
  ])('a seeded fault is found: $mutant.name', { timeout: 60_000 }, ({ mutant, rules }) => {
    const found = Array.from({ length: 8 }, (_, i) =>
      runWorld(worldSeed(12, i), { kernel, cpus: 2, steps: 250, mutant })
    )
    expect(found.some(({ planted }) => planted)).toBe(true)
    const broken = found.flatMap(({ violation }) => (violation === undefined ? [] : [violation.rule]))
    expect(
      rules.some((rule) => broken.includes(rule)),
      broken.join()
    ).toBe(true)
  })
})

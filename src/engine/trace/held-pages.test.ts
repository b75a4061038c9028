/** What is counted as it changes is what counting all pages gives. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Life } from '../../../tools/fuzz/life'
import { planOf } from '../../../tools/fuzz/plan'
import { TraceLog } from './log'
import { TracedFolios } from './traced-folios'

/** Every page of every folio, looked at. */
function counted(folios: TracedFolios): { unmapped: number; unused: number } {
  let unmapped = 0
  let unused = 0
  for (let pfn = 0; pfn < folios.buddy.pages; pfn++) {
    if (folios.word(pfn) === 0) continue
    if (folios.entireMapcount(pfn) === 0 && folios.mapcount(pfn) === 0) unmapped++
    else if (!folios.isTouched(pfn)) unused++
  }
  return { unmapped, unused }
}

const STEPS = 60
const LOOK_EVERY = 6

it('pages held for nothing are the same, counted one by one, all through a random life', () => {
  const seen = { unmapped: 0, unused: 0 }
  const life = fc.property(fc.integer({ min: 1, max: 2 ** 31 - 1 }), (seed) => {
    const world = new Life(planOf(seed), false, { log: new TraceLog(2_000_000), machine: 0 })
    const { folios } = world.world
    if (!(folios instanceof TracedFolios)) throw new Error('the world is not traced')
    for (let step = 0; step < STEPS && !world.over; step++) {
      world.take(step)
      if (step % LOOK_EVERY !== 0) continue
      const totals = folios.held.totals()
      expect(totals).toEqual(counted(folios))
      seen.unmapped = Math.max(seen.unmapped, totals.unmapped)
      seen.unused = Math.max(seen.unused, totals.unused)
    }
  })
  fc.assert(life, { numRuns: 12 })
  expect(seen.unmapped).toBeGreaterThan(0)
  expect(seen.unused).toBeGreaterThan(0)
})

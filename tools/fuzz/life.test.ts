/** What only a whole life can tell, each made to go wrong. */
import { describe, expect, it, vi } from 'vitest'
import { worldSeed } from './campaign'
import { Life } from './life'
import { FOLIO_FILE } from '../../src/engine/mm/folio'
import { OPERATIONS } from './operations'
import { planOf } from './plan'

/** A life of `steps` steps that went well. */
function lived(steps: number): Life {
  const life = new Life(planOf(worldSeed(1, 0)))
  for (let step = 0; step < steps; step++) expect(life.take(step)).toBeUndefined()
  return life
}

describe('a life', () => {
  it('leaves nothing behind', () => {
    expect(lived(60).finish()).toBeUndefined()
  })

  it('that leaves a page in the cache of a file that nobody names any more has a leak', () => {
    const life = lived(60)
    const { world } = life
    // A folio of an open file is in order until the file is gone: only the end can tell.
    const pfn = world.folios.alloc(0)
    world.folios.setFlags(pfn, FOLIO_FILE)
    expect(life.finish()).toMatchObject({
      rule: 'leak',
      found: '1 pages, 0 tables and 0 swap slots are left after the last exit'
    })
  })

  it('in which a reference is dropped that is not there ends with that', () => {
    const life = lived(20)
    const run = vi.spyOn(OPERATIONS.write, 'run').mockImplementation(() => {
      const { folios } = life.world
      folios.put(folios.alloc(0), 2)
    })
    try {
      let found
      for (let step = 20; step < 200 && found === undefined; step++) found = life.take(step)
      expect(found).toMatchObject({ rule: 'refcount-below-zero' })
    } finally {
      run.mockRestore()
    }
  })
})

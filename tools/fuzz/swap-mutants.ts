/** Seeded faults of swap and of memory tags: see `mutants.ts`, which lists them with the others. */
import type { Seeded } from '../../src/engine/arch/seeded'
import type { Mutant } from './mutants'
import type { Plan } from './plan'

const WEIGHTS = { pageout: 30, setTags: 30, getTags: 20, fork: 8 }
const swaps = ({ swapBytes }: Plan) => swapBytes !== undefined
const tagged = (plan: Plan) => swaps(plan) && plan.mte

/** One of the first chances is it. */
function chance(random: Seeded, chances: number): () => boolean {
  let left = random.below(chances)
  let done = false
  return () => {
    if (done || left-- > 0) return false
    return (done = true)
  }
}

const slotFreedEarly: Mutant = {
  name: 'slot-freed-early',
  what: 'a swap slot is given back although another entry still names it',
  fits: swaps,
  weights: { pageout: 30, fork: 16 },
  install({ world, random }) {
    const { swap } = world
    const take = chance(random, 4)
    let done = false
    if (swap === undefined) return () => false
    const original = swap.drop.bind(swap)
    swap.drop = (slot) => {
      original(slot)
      if (swap.count(slot) !== 1 || !take()) return
      done = true
      original(slot)
    }
    return () => done
  }
}

const lastPageNotSaved: Mutant = {
  name: 'tags-of-last-page-not-saved',
  what: 'the tags of the last page of a folio are not saved for swap',
  fits: tagged,
  weights: WEIGHTS,
  install({ world, random }) {
    const { mte } = world
    const take = chance(random, 4)
    let done = false
    if (mte === undefined) return () => false
    const original = mte.prepareToSwap.bind(mte)
    mte.prepareToSwap = (head, nr, slot) => {
      const saved = original(head, nr, slot)
      const last = slot + nr - 1
      const matters = saved && mte.saved.has(last) && !mte.memory.isClear(head + nr - 1)
      if (matters && take()) {
        done = true
        mte.saved.drop(last)
      }
      return saved
    }
    return () => done
  }
}

const restoreAfterRelease: Mutant = {
  name: 'restore-after-release',
  what: 'swap-in gives the slot back first and then looks for its tags',
  fits: (plan) => tagged(plan) && plan.synchronous,
  weights: WEIGHTS,
  install({ world, random }) {
    const { mte, swap } = world
    const take = chance(random, 4)
    let done = false
    if (mte === undefined || swap === undefined) return () => false
    const original = mte.swapRestore.bind(mte)
    mte.swapRestore = (head, nr, slot, page, first, mapped) => {
      const at = slot + page
      const gone = swap.count(at) === 1 && swap.cache[at] === 0
      const matters = gone && mte.saved.has(at) && !mte.isTagged(head + page) && mte.saved.get(at) !== 0
      if (matters && take()) {
        done = true
        mte.saved.drop(at)
      }
      original(head, nr, slot, page, first, mapped)
    }
    return () => done
  }
}

export const SWAP_MUTANTS: readonly Mutant[] = [slotFreedEarly, lastPageNotSaved, restoreAfterRelease]

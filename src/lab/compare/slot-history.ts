/**
 * What earlier cases of a boot left in the CPU's two slot caches of the swap area: slots taken for
 * single pages and not used yet, and slots waiting to be given back. The caches hold 64 each; when a
 * case fills or empties one its own counts of `get_swap_pages` and `swap_range_free` show it, and so
 * which histories are possible. Source: Linux 6.1 and 6.12, mm/swap_slots.c.
 */
import type { Case, Step, Tally } from './schema'

/** Slots in the two caches before the first step. */
export interface SlotHistory {
  readonly taken: number
  readonly returned: number
}

const CACHE = 64

const EMPTY: SlotHistory = { taken: 0, returned: 0 }

/** The histories a case may have, by what it shows; never none. */
export function slotHistories({ steps }: Case): readonly SlotHistory[] {
  if (!steps.some(isPageout)) return [EMPTY]
  const taken = fitting(steps, singles, refills, (held, sum) => Math.max(0, Math.ceil((sum - held) / CACHE)))
  const returned = fitting(steps, given, flushes, (held, sum) =>
    Math.max(0, Math.floor((held + sum - 1) / CACHE))
  )
  return taken.map((each) => ({ taken: each, returned: returned[0] }))
}

function isPageout({ op, args }: Step): boolean {
  return op === 'madvise' && args.adv === 'pageout'
}

/** How often the CPU took 64 slots at once: `get_swap_pages` for each, and for each large folio. */
function refills({ counts = {} }: Step): number {
  const calls = called(counts, 'get_swap_pages')
  return Math.max(0, Math.round((called(counts, 'swap_range_alloc') - calls) / (CACHE - 1)))
}

/** Pages that got a slot of their own. */
function singles(step: Step): number {
  if (!isPageout(step)) return 0
  const { counts = {} } = step
  const large = called(counts, 'get_swap_pages') - refills(step)
  return Math.max(0, called(counts, 'add_to_swap_cache') - large)
}

/** Slots that went to the cache of those to give back, and how often 64 were given back. */
function given({ counts = {} }: Step): number {
  return called(counts, 'free_swap_slot')
}

function flushes({ counts = {} }: Step): number {
  return Math.floor((called(counts, 'swap_range_free') + called(counts, 'swap_entry_range_free')) / CACHE)
}

/**
 * Which numbers of slots the cache may have held, so that it ran empty (or over) in just the steps that
 * say so; `times` tells how often after a sum.
 */
function fitting(
  steps: readonly Step[],
  moved: (step: Step) => number,
  seen: (step: Step) => number,
  times: (held: number, sum: number) => number
): number[] {
  const fits: number[] = []
  for (let held = 0; held <= CACHE; held++) {
    let sum = 0
    const all = steps.every((step) => {
      const before = times(held, sum)
      if (step.counts_missing !== undefined) return true
      sum += moved(step)
      return times(held, sum) - before === seen(step)
    })
    if (all) fits.push(held)
  }
  return fits.length > 0 ? fits : Array.from({ length: CACHE }, (_, held) => held)
}

function called(tally: Tally, name: string): number {
  return tally[name] ?? 0
}

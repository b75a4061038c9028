/**
 * Seeded faults: what mistakes in the engine would do. Each is put into a world from outside, by taking
 * the place of one of its objects' functions, and goes wrong once, at a moment that the seed chooses;
 * the fuzzer must find it. A fault that could do no harm where it falls waits for the next chance.
 */
import {
  CONT,
  VALID,
  isDirty,
  isPresent,
  isValidCont,
  mkclean,
  normalise
} from '../../src/engine/arch/descriptor'
import type { Seeded } from '../../src/engine/arch/seeded'
import type { Invalidation } from '../../src/engine/arch/tlbi'
import { heldMappings } from '../../src/engine/check/rmap'
import type { Watch } from '../../src/engine/check/watch'
import { EXCLUSIVE } from '../../src/engine/mm/folio'
import type { Mm } from '../../src/engine/mm/mm'
import type { World } from '../../src/engine/world'
import type { Plan } from './plan'
import { SWAP_MUTANTS } from './swap-mutants'
import { TEARDOWN_MUTANTS } from './teardown-mutants'

/** What a fault is put into. */
export interface Site {
  readonly world: World
  readonly watch: Watch
  readonly random: Seeded
}

/** A seeded fault. */
export interface Mutant {
  readonly name: string
  /** What goes wrong. */
  readonly what: string
  /** Worlds that have what goes wrong. */
  readonly fits: (plan: Plan) => boolean
  /** Operations that lead to it, chosen more often. */
  readonly weights?: Plan['weights']
  /** Puts the fault into a new world; what it answers tells whether it came to pass by now. */
  readonly install: (site: Site) => () => boolean
}

/** What the layer that folds has inside. */
interface Folding {
  unfold(mm: Mm, slot: number, attr: number): void
  tryFold(mm: Mm, slot: number, attr: number, pfn: number): void
}

const folding = (world: World) => world.ops as unknown as Folding
const everywhere = () => true
const folds = ({ kernel }: Plan) => kernel.pteOps.startsWith('transparent')

/** One of the first chances is it. */
class Once {
  done = false
  #left: number

  constructor(random: Seeded, chances = 12) {
    this.#left = random.below(chances)
  }

  /** A chance: whether it is the one. */
  take(): boolean {
    if (this.done || this.#left-- > 0) return false
    this.done = true
    return true
  }
}

const skipUnfold: Mutant = {
  name: 'skip-unfold',
  what: 'a folded block stays folded although one of its entries is about to change alone',
  fits: folds,
  install({ world, random }) {
    const once = new Once(random)
    const ops = folding(world)
    const original = ops.unfold.bind(ops)
    ops.unfold = (mm, slot, attr) => {
      if (!once.take()) original(mm, slot, attr)
    }
    return () => once.done
  }
}

const unfoldWithoutGather: Mutant = {
  name: 'unfold-without-gathering',
  what: 'unfolding forgets what hardware recorded in the other entries of the block',
  // Blocks become clean, and dirty in single entries only, where MADV_FREE leaves them folded.
  fits: (plan) => folds(plan) && plan.cpu.hafdbs && plan.kernel.madvise === 'batch',
  weights: { free: 20, agent: 20 },
  install({ world, random }) {
    const once = new Once(random, 2)
    const { tables, geometry } = world
    const ops = folding(world)
    const original = ops.unfold.bind(ops)
    ops.unfold = (mm, slot, attr) => {
      const block = slot & -geometry.contPtes
      let dirty = false
      for (let i = 0; i < geometry.contPtes; i++) dirty ||= isDirty(tables.attr(block + i))
      original(mm, slot, attr)
      if (isDirty(attr) || !dirty || !once.take()) return
      for (let i = 0; i < geometry.contPtes; i++) tables.set(block + i, attr & ~CONT, tables.pfn(block + i))
    }
    return () => once.done
  }
}

const misalignFold: Mutant = {
  name: 'misalign-fold',
  what: 'a block is folded although its frames are not aligned like its addresses',
  fits: folds,
  weights: { mremap: 20 },
  install({ world, random }) {
    const once = new Once(random, 2)
    const { tables, geometry, folios, tlbi } = world
    const c = geometry.contPtes
    const ops = folding(world)
    const original = ops.tryFold.bind(ops)
    const inLine = (block: number, attr: number, pfn: number): boolean => {
      for (let i = 0; i < c; i++) {
        const each = tables.attr(block + i)
        if (!isPresent(each) || isValidCont(each) || tables.pfn(block + i) !== pfn + i) return false
        if (normalise(each) !== normalise(attr)) return false
      }
      return true
    }
    ops.tryFold = (mm, slot, attr, pfn) => {
      original(mm, slot, attr, pfn)
      const block = slot - (c - 1)
      const first = pfn - (c - 1)
      if ((slot & (c - 1)) !== c - 1 || (first & (c - 1)) === 0 || (attr & VALID) === 0) return
      if (folios.order(pfn) < geometry.contShift || folios.head(pfn) !== folios.head(first)) return
      if (!inLine(block, attr, first) || !once.take()) return
      for (let i = 0; i < c; i++) tables.set(block + i, tables.attr(block + i) | CONT, first + i)
      tlbi.range(mm, tables.vpn(block), c, 1, true)
    }
    return () => once.done
  }
}

/** Whether any TLB holds what the invalidation is about. */
function needed({ tlbs }: World, { mm, vpn, pages }: Invalidation): boolean {
  if (tlbs === undefined) return false
  for (let at = 0; at < tlbs.pid.length; at++) {
    if (tlbs.pid[at] !== mm.pid) continue
    if (pages === 0 || (tlbs.vpn[at] < vpn + pages && vpn < tlbs.vpn[at] + tlbs.pages[at])) return true
  }
  return false
}

const skipTlbi: Mutant = {
  name: 'skip-tlbi',
  what: 'an invalidation is not issued although a TLB holds a translation it is about',
  fits: everywhere,
  install({ world, random }) {
    const once = new Once(random)
    const { tlbi, tlbs } = world
    if (tlbs === undefined) return () => false
    tlbi.observer = {
      issued: (invalidation) => {
        if (!needed(world, invalidation) || !once.take()) tlbs.issued(invalidation)
      },
      completed: () => tlbs.completed()
    }
    return () => once.done
  }
}

const skipDsb: Mutant = {
  name: 'skip-dsb',
  what: 'nobody waits for an invalidation to be complete',
  fits: everywhere,
  install({ world, random }) {
    const once = new Once(random)
    const { tlbi, tlbs } = world
    if (tlbs === undefined) return () => false
    let owed = false
    tlbi.observer = {
      issued: (invalidation) => {
        owed ||= needed(world, invalidation)
        tlbs.issued(invalidation)
      },
      completed: () => {
        const skips = owed && tlbs.config.completion === 'at-dsb' && once.take()
        owed = false
        if (!skips) tlbs.completed()
      }
    }
    return () => once.done
  }
}

const freeBeforeFlush: Mutant = {
  name: 'free-before-flush',
  what: 'pages are freed, and only then their translations invalidated',
  fits: everywhere,
  install({ world, watch, random }) {
    const once = new Once(random, 6)
    const { tlbi, tlbs, folios } = world
    if (tlbs === undefined) return () => false
    let held: Invalidation[] = []
    const release = () => {
      for (const invalidation of held.splice(0)) tlbs.issued(invalidation)
      tlbs.completed()
    }
    tlbi.observer = {
      issued: (invalidation) => {
        if (!once.done && needed(world, invalidation)) held.push(invalidation)
        else tlbs.issued(invalidation)
      },
      completed: () => {
        if (held.length === 0) tlbs.completed()
      }
    }
    folios.observer = {
      freed: (pfn, order) => {
        if (held.length > 0 && once.take()) {
          watch.freed(pfn, order)
          release()
          return
        }
        if (held.length > 0) release()
        watch.freed(pfn, order)
      }
    }
    // Where nothing is freed after it, the flush is late by nothing.
    const probe = world.probe
    world.probe = (what, pfn) => {
      if (held.length > 0) release()
      probe?.(what, pfn)
    }
    const end = watch.end.bind(watch)
    watch.end = (mm) => {
      if (held.length > 0) release()
      held = []
      return end(mm)
    }
    return () => once.done
  }
}

const mapcountFirst: Mutant = {
  name: 'mapcount-before-refcount',
  what: 'fork counts a mapping before the reference that it holds',
  fits: everywhere,
  install({ world, random }) {
    const once = new Once(random)
    const { folios } = world
    const original = folios.addRefs.bind(folios)
    let last = { pfn: -1, n: 0 }
    let late: typeof last | undefined
    folios.addRefs = (pfn, n) => {
      last = { pfn, n }
      return original(pfn, n)
    }
    const probe = world.probe
    world.probe = (what, pfn) => {
      // Where somebody else holds a reference too, it stands in for the one that is late.
      const alone =
        last.pfn >= 0 && folios.refcount(last.pfn) - last.n === heldMappings(world, folios.head(last.pfn))
      if (what === 'fork: references' && last.n > 0 && alone && once.take()) {
        late = last
        original(late.pfn, -late.n)
      }
      probe?.(what, pfn)
      if (late === undefined || what === 'fork: references') return
      original(late.pfn, late.n)
      late = undefined
    }
    return () => once.done
  }
}

const dropDirty: Mutant = {
  name: 'drop-dirty',
  what: 'a change of protection forgets that a page was stored to',
  fits: everywhere,
  install({ world, watch, random }) {
    const once = new Once(random)
    const { ops, tables } = world
    const original = ops.ptepModifyProtStart.bind(ops)
    ops.ptepModifyProtStart = (mm, slot) => {
      const stored = watch.isStored(tables.pfn(slot))
      const entry = original(mm, slot)
      return isDirty(entry) && stored && once.take() ? mkclean(entry) : entry
    }
    return () => once.done
  }
}

const clearLosesDirty: Mutant = {
  name: 'clear-loses-dirty',
  what: 'clearing an entry does not tell that its page was stored to',
  fits: everywhere,
  install({ world, random }) {
    const once = new Once(random)
    const { ops } = world
    const original = ops.ptepGetAndClear.bind(ops)
    ops.ptepGetAndClear = (mm, slot) => {
      const entry = original(mm, slot)
      return isDirty(entry) && once.take() ? mkclean(entry) : entry
    }
    return () => once.done
  }
}

const skipWrprotect: Mutant = {
  name: 'skip-write-protect',
  what: 'fork leaves entries of the parent writable',
  fits: everywhere,
  install({ world, random }) {
    const once = new Once(random)
    const { ops } = world
    const original = ops.wrprotectPtes.bind(ops)
    ops.wrprotectPtes = (mm, slot, nr) => {
      if (!once.take()) original(mm, slot, nr)
    }
    return () => once.done
  }
}

const keepExclusive: Mutant = {
  name: 'keep-exclusive',
  what: 'fork leaves a page exclusive to the parent',
  fits: ({ kernel }) => kernel.anonExclusive,
  install({ world, random }) {
    const once = new Once(random)
    const { folios } = world
    const probe = world.probe
    world.probe = (what, pfn) => {
      if (
        what === 'fork: mapping' &&
        pfn !== undefined &&
        folios.mapcount(pfn) > 1 &&
        !folios.isExclusive(pfn)
      ) {
        if (once.take()) folios.addWord(pfn, EXCLUSIVE)
      }
      probe?.(what, pfn)
    }
    return () => once.done
  }
}

const deafAccessFlags: Mutant = {
  name: 'deaf-access-flags',
  what: 'from some moment on a fault that should relax an entry finds nothing to do',
  fits: everywhere,
  install({ world, random }) {
    const once = new Once(random)
    const { ops } = world
    const original = ops.ptepSetAccessFlags.bind(ops)
    ops.ptepSetAccessFlags = (mm, slot, attr, dirty) => {
      if (once.done || once.take()) return false
      return original(mm, slot, attr, dirty)
    }
    return () => once.done
  }
}

const loseResident: Mutant = {
  name: 'lose-resident-page',
  what: 'an address space counts a page less than its tables hold',
  fits: everywhere,
  install({ world, random }) {
    const once = new Once(random)
    const probe = world.probe
    world.probe = (what, pfn) => {
      const mm = world.mms.at(-1)
      if (what === 'new folio mapped' && mm !== undefined && mm.anonPages > 0 && once.take()) mm.anonPages--
      probe?.(what, pfn)
    }
    return () => once.done
  }
}

export const MUTANTS: readonly Mutant[] = [
  skipUnfold,
  skipTlbi,
  mapcountFirst,
  misalignFold,
  dropDirty,
  unfoldWithoutGather,
  freeBeforeFlush,
  clearLosesDirty,
  skipDsb,
  skipWrprotect,
  keepExclusive,
  deafAccessFlags,
  loseResident,
  ...TEARDOWN_MUTANTS,
  ...SWAP_MUTANTS
]

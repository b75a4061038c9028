/** Seeded faults of teardown: see `mutants.ts`, which lists them with the others. */
import { isDirty, isValidCont, mkclean } from '../../src/engine/arch/descriptor'
import type { Mutant } from './mutants'

/** Only a page that outlives its mapping can have lost something. */
const FILES = { mmapFile: 16, write: 40, munmap: 14, dontneed: 14 }

const clearsAsIfExiting: Mutant = {
  name: 'clear-as-if-exiting',
  what: 'v2 leaves the neighbours of a cleared entry folded although the process lives on',
  fits: ({ kernel }) => kernel.zap === 'full-v2' || kernel.zap === 'full-v2-robust',
  weights: { munmap: 12, dontneed: 12 },
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

const entryLosesDirty: Mutant = {
  name: 'teardown-loses-dirty',
  what: 'clearing entry by entry does not tell that pages were stored to',
  fits: ({ kernel }) => kernel.zap !== 'exposed' && kernel.zap !== 'batch-upstream',
  weights: FILES,
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

const runLosesDirty: Mutant = {
  name: 'batch-loses-dirty',
  what: 'clearing a run tells only of its first entry whether it was stored to',
  fits: ({ kernel }) => kernel.zap === 'batch-upstream' || kernel.zap === 'clear-ptes-v3',
  weights: FILES,
  install({ world }) {
    let planted = false
    const { ops, tables } = world
    const original = ops.getAndClearFullPtes.bind(ops)
    ops.getAndClearFullPtes = (mm, slot, nr, full) => {
      const first = isDirty(tables.attr(slot))
      const entry = original(mm, slot, nr, full)
      if (first || !isDirty(entry)) return entry
      planted = true
      return mkclean(entry)
    }
    return () => planted
  }
}

const cutBlockStaysFolded: Mutant = {
  name: 'cut-block-stays-folded',
  what: 'a run that ends inside a block is cleared and the rest of the block stays folded',
  fits: ({ kernel }) => kernel.zap === 'batch-upstream' || kernel.zap === 'clear-ptes-v3',
  weights: { munmap: 14, dontneed: 14 },
  install({ world }) {
    let planted = false
    const { ops, tables } = world
    const full = ops.clearFullPtes.bind(ops)
    const gathering = ops.getAndClearFullPtes.bind(ops)
    const clear = (slot: number, nr: number): void => {
      planted = true
      for (let i = 0; i < nr; i++) tables.xchg(slot + i, 0, 0)
    }
    /** The last block of the run is folded and goes on behind it. */
    const cut = (slot: number, nr: number): boolean => {
      const c = world.geometry.contPtes
      return !planted && (slot + nr) % c !== 0 && isValidCont(tables.attr(slot + nr))
    }
    ops.clearFullPtes = (mm, slot, nr, fullmm) => {
      if (cut(slot, nr)) clear(slot, nr)
      else full(mm, slot, nr, fullmm)
    }
    ops.getAndClearFullPtes = (mm, slot, nr, fullmm) => {
      if (!cut(slot, nr)) return gathering(mm, slot, nr, fullmm)
      const entry = tables.attr(slot)
      clear(slot, nr)
      return entry
    }
    return () => planted
  }
}

export const TEARDOWN_MUTANTS: readonly Mutant[] = [
  clearsAsIfExiting,
  entryLosesDirty,
  runLosesDirty,
  cutBlockStaysFolded
]

/**
 * Concurrent readers of blocks that are being cleared: at steps of a teardown somebody looks at the block
 * where it is, as another CPU's walk and TLB meet it, and reports what none may reach. Beside the accesses
 * that other CPUs do make (`access.ts`), this sees what they could.
 */
import { isValidCont } from '../../src/engine/arch/descriptor'
import { observeBlock, type ObservationRule } from '../../src/engine/check/observe'
import { ExposedPteOps } from '../../src/engine/contpte/exposed'
import type { Mm } from '../../src/engine/mm/mm'
import { findSlot } from '../../src/engine/mm/walk'
import type { World } from '../../src/engine/world'
import type { Life } from './life'

/** Every how many clears somebody looks: in time that is every index of a block. */
const EVERY = 7
/** Of blocks that nobody can walk as such any more, every how many are looked at. */
const PLAIN_EVERY = 8

/** Verdicts by rule. */
export type Verdicts = Map<ObservationRule, number>

/** Steps at which part of a block may be cleared. */
const STEPS: ReadonlySet<string> = new Set(['entry cleared', 'block entry cleared', 'entries cleared'])

/** Looks on; the verdicts are in `life.verdicts`. */
export function lookOn(life: Life): void {
  const { world, watch } = life
  const { elsewhere } = watch
  let clears = 0
  let plain = 0
  let at: { readonly mm: Mm; readonly slot: number } | undefined
  tellCleared(world, (mm, slot) => (at = { mm, slot }))
  watch.elsewhere = (what) => {
    elsewhere?.(what)
    if (at === undefined || !STEPS.has(what)) return
    if (clears++ % EVERY === 0 && (mayBeWalked(world, at.slot) || plain++ % PLAIN_EVERY === 0))
      look(life, at.mm, at.slot, what)
    if (what === 'entries cleared') at = undefined
  }
}

/** Whether an entry of the block still speaks for all of it. */
function mayBeWalked({ tables, geometry }: World, slot: number): boolean {
  const first = slot - (slot % geometry.contPtes)
  for (let i = first; i < first + geometry.contPtes; i++) if (isValidCont(tables.attr(i))) return true
  return false
}

/** Says of every entry that a teardown clears where it is, before it is; runs are cleared step by step. */
function tellCleared(world: World, tell: (mm: Mm, slot: number) => void): void {
  const { ops } = world
  const stepwise = stepsOfRuns(world)
  const full = ops.ptepGetAndClearFull.bind(ops)
  const gathering = ops.getAndClearFullPtes.bind(ops)
  const clearing = ops.clearFullPtes.bind(ops)
  ops.ptepGetAndClearFull = (mm, slot, fullmm) => {
    tell(mm, slot)
    return full(mm, slot, fullmm)
  }
  // Of runs of several blocks the last is looked at: it may be cut.
  ops.getAndClearFullPtes = (mm, slot, nr, fullmm) => {
    tell(mm, slot + nr - 1)
    return stepwise(() => gathering(mm, slot, nr, fullmm))
  }
  ops.clearFullPtes = (mm, slot, nr, fullmm) => {
    tell(mm, slot + nr - 1)
    stepwise(() => {
      clearing(mm, slot, nr, fullmm)
    })
  }
  if (!(ops instanceof ExposedPteOps)) return
  const block = ops.blockGetAndClear.bind(ops)
  ops.blockGetAndClear = (mm, slot) => {
    tell(mm, slot)
    return block(mm, slot)
  }
}

/**
 * Nothing but hardware sees a run while it is being cleared, and the engine has no step there. Here every
 * exchange of an entry is one: others walk between them.
 */
function stepsOfRuns(world: World): <T>(run: () => T) => T {
  const { tables } = world
  let running = false
  // Tables that are traced are not filled at once, these not while a run is cleared.
  const { traced } = tables
  // A plain property: getters of their own would give every world's tables another shape, which is slow.
  const trace = (value: boolean) =>
    Object.defineProperty(tables, 'traced', { value, configurable: true, writable: true })
  trace(traced)
  const exchange = tables.xchg.bind(tables)
  tables.xchg = (slot, attr, pfn) => {
    exchange(slot, attr, pfn)
    if (running) world.probe?.('entry cleared')
  }
  return (run) => {
    running = true
    trace(true)
    try {
      return run()
    } finally {
      running = false
      trace(traced)
    }
  }
}

function look({ world, watch, base, verdicts }: Life, mm: Mm, slot: number, during: string): void {
  const vpn = world.tables.vpn(slot)
  // Somebody else's clear, and the table is gone since.
  if (findSlot(world, mm, vpn) !== slot) return
  const { rule, safe, why } = observeBlock(world, mm, vpn, mm.exiting)
  verdicts.set(rule, (verdicts.get(rule) ?? 0) + 1)
  if (safe) return
  const object = `mm ${mm.pid}, the block of page ${vpn - base} of the arena`
  watch.violation ??= { rule: 'observed', object, found: why, during }
}

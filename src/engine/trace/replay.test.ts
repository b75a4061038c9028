/** State n rebuilt from the log is the state of a run stopped at event n. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Life } from '../../../tools/fuzz/life'
import { planOf } from '../../../tools/fuzz/plan'
import { pageLanes } from '../check/page-lanes'
import { LAST_NARROW, PageStateTable } from '../mm/page-states'
import type { World } from '../world'
import { apply } from './apply'
import { History } from './history'
import { MM_FIELDS } from './lanes'
import { TraceLog, TraceStop } from './log'
import { Replica } from './replica'
import { tagLane } from './tag-lanes'
import type { Tracer } from './tracer'

const STEPS = 120

interface Ran {
  readonly world: World
  readonly tracer: Tracer
  readonly log: TraceLog
  /** Events of the settings that a world is born with: it cannot be stopped within them. */
  readonly born: number
}

/** Runs the world of a seed with a trace, to its end or to event `stopAt`. */
function run(seed: number, stopAt = Infinity, tlbs = true, only?: string): Ran {
  const log = new TraceLog(2_000_000)
  log.stopAt = stopAt
  const life = new Life(planOf(seed, { only }), false, { log, machine: 0 }, tlbs)
  const born = log.length
  try {
    // A world takes any error for one of the engine, and would go on.
    for (let step = 0; step < STEPS && !life.over && log.length < stopAt; step++) life.take(step)
    if (!life.over && log.length < stopAt) life.finish()
  } catch (error) {
    if (!(error instanceof TraceStop)) throw error
  }
  return { world: life.world, tracer: life.world.trace as Tracer, log, born }
}

type Lanes = readonly (ArrayLike<number> | undefined)[]

/** Chunks of a lane without the zeroes: what is not there is 0. */
function digest(lanes: Lanes): Record<string, number> {
  const found: Record<string, number> = {}
  lanes.forEach((lane, chunk) => {
    for (let at = 0; lane !== undefined && at < lane.length; at++) {
      if (lane[at] !== 0) found[`${chunk}:${at}`] = lane[at]
    }
  })
  return found
}

function stateOf(state: Pick<World, 'tables' | 'folios' | 'counters'>): object {
  const { tables, folios, counters } = state
  const pages = pageLanes(folios)
  return {
    attrs: digest(tables.attrs),
    pfns: digest(tables.pfns),
    pool: [...tables.state],
    words: digest(pages.words),
    refs: [digest(folios.largeRefs), digest(pages.refs)],
    flags: [digest(folios.largeFlags), digest(pages.flags)],
    entire: digest(folios.entire),
    pins: digest(folios.pins),
    anonVmas: digest(folios.anonVmas),
    contents: digest(folios.contents),
    counters: [...counters.values]
  }
}

interface Swapped {
  map: (slot: number) => number
  owner: (slot: number) => number
  saved: (slot: number) => number
  tags: (pfn: number) => number
  isTagged: (pfn: number) => boolean
}

/** Slots and tags that are not as in the beginning. */
function swapOf({ map, owner, saved, tags, isTagged }: Swapped, slots: number, frames: number): object {
  const found: Record<string, readonly unknown[]> = {}
  for (let slot = 1; slot < slots; slot++) {
    const state = [map(slot), owner(slot), saved(slot)]
    if (state.some((value, i) => value !== (i === 2 ? -1 : 0))) found[`slot ${slot}`] = state
  }
  for (let pfn = 0; pfn < frames; pfn++) {
    if (tags(pfn) !== 0 || isTagged(pfn)) found[`frame ${pfn}`] = [tags(pfn), isTagged(pfn)]
  }
  return found
}

/** Frames that are looked at: more than any of these worlds has with 4K pages. */
const FRAMES = 24_576
const SLOTS = 4_200

function swapTruth({ world: { swap, mte }, log }: Ran): object {
  const saved = (slot: number): number => {
    const tags = mte?.saved.get(slot)
    return tags === undefined ? -1 : tagLane(log, tags)
  }
  return swapOf(
    {
      map: (slot) => swap?.map[slot] ?? 0,
      owner: (slot) => swap?.cache[slot] ?? 0,
      saved,
      tags: (pfn) => (mte === undefined ? 0 : tagLane(log, mte.memory.save(pfn))),
      // M7 has no flag to set.
      isTagged: (pfn) => mte !== undefined && mte.design.flag !== 'none' && mte.isTagged(pfn)
    },
    SLOTS,
    FRAMES
  )
}

function truth(ran: Ran): object {
  const { world, tracer } = ran
  const { tlbs } = tracer
  const used = [...tlbs.pid.keys()].filter((at) => tlbs.pid[at] !== 0)
  const walks = [...tlbs.walkPid.keys()].filter((at) => tlbs.walkPid[at] !== 0)
  return {
    ...stateOf(world),
    swap: swapTruth(ran),
    bases: world.mms.map((mm) => world.tables.base(mm.root)),
    tlbs: used.map((at) => [at, tlbs.pid[at], tlbs.vpn[at], tlbs.pages[at], tlbs.pfn[at], tlbs.attr[at]]),
    walks: walks.map((at) => [at, tlbs.walkPid[at], tlbs.walkVpn[at], tlbs.walkTable[at]]),
    mms: world.mms
      .map((mm) => ({
        pid: mm.pid,
        root: mm.root,
        fields: MM_FIELDS.map((name) => mm[name]),
        // Which pool a HugeTLB mapping has its pages of never changes, and is not recorded.
        vmas: mm.vmas.map(({ file, huge: _huge, ...vma }) => ({ ...vma, file: file?.name }))
      }))
      .sort((a, b) => a.pid - b.pid)
  }
}

function rebuilt(replica: Replica, log: TraceLog): object {
  const { tlbs } = replica
  const used = [...tlbs.pid.keys()].filter((at) => tlbs.pid[at] !== 0)
  const walks = [...tlbs.walkPid.keys()].filter((at) => tlbs.walkPid[at] !== 0)
  const { swap } = replica
  return {
    ...stateOf(replica),
    swap: swapOf(
      {
        map: (slot) => swap.map(slot),
        owner: (slot) => swap.owner(slot),
        saved: (slot) => swap.saved(slot),
        tags: (pfn) => swap.tagLane(pfn),
        isTagged: (pfn) => swap.isTagged(pfn)
      },
      SLOTS,
      FRAMES
    ),
    bases: [...replica.mms.values()].map((mm) => replica.tables.base(mm.root)),
    tlbs: used.map((at) => [at, tlbs.pid[at], tlbs.vpn[at], tlbs.pages[at], tlbs.pfn[at], tlbs.attr[at]]),
    walks: walks.map((at) => [at, tlbs.walkPid[at], tlbs.walkVpn[at], tlbs.walkTable[at]]),
    mms: [...replica.mms.values()]
      .map(({ pid, root, fields, vmas }) => ({
        pid,
        root,
        fields: [...fields],
        vmas: log.vmaLists[vmas].map((vma) => ({ ...vma }))
      }))
      .sort((a, b) => a.pid - b.pid)
  }
}

function step(replica: Replica, log: TraceLog, event: number, forward: boolean): void {
  apply(replica, log, log.chunkOf(event), log.offsetOf(event), forward)
}

/** A seed whose world swaps pages with tags. */
const SWAPPING =
  Array.from({ length: 100 }, (_, seed) => seed + 1).findIndex((seed) => planOf(seed, { only: 'swap' }).mte) +
  1

/** A table that so many states which no page has come first in. */
function crowded(states: number): PageStateTable {
  const table = new PageStateTable()
  for (let word = 1; word <= states; word++) table.of(word, -1, 1)
  return table
}

/** How many lanes of page states are wider than a byte. */
function widths({ replicas }: History): number {
  const lanes = replicas.flatMap(({ folios }) => folios.states.lanes)
  return lanes.filter((lane) => lane !== undefined && lane.BYTES_PER_ELEMENT > 1).length
}

/** Parts of a run, as numbers that any length can be measured by. */
const PARTS = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 })

describe('a state rebuilt from events', () => {
  it('is that of a run stopped there, whether reached forwards, backwards or by a jump', () => {
    let compared = 0
    let jumps = 0
    let tagged = 0
    let wide = 0
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100_000 }),
        fc.boolean(),
        fc.constantFrom(undefined, 'swap'),
        PARTS,
        fc.array(fc.nat(4), { minLength: 12, maxLength: 12 }),
        (seed, tlbs, only, where, order) => {
          const whole = run(seed, Infinity, tlbs, only)
          if (whole.world.mte !== undefined) tagged++
          const { log, born } = whole
          const replica = new Replica(whole.tracer.shape)
          const stops = where
            .map((part) => Math.max(born + 1, Math.ceil(part * log.length)))
            .sort((a, b) => a - b)
          let at = 0
          const states = new Map<number, object>()
          for (const stop of stops) {
            while (at < stop) step(replica, log, ++at, true)
            const stopped = run(seed, stop, tlbs, only)
            const wanted = truth(stopped)
            states.set(stop, wanted)
            expect(rebuilt(replica, log)).toEqual(wanted)
            compared++
          }
          while (at < log.length) step(replica, log, ++at, true)
          states.set(at, truth(whole))
          expect(rebuilt(replica, log)).toEqual(states.get(at))
          for (const stop of [...stops].reverse()) {
            while (at > stop) step(replica, log, at--, false)
            expect(rebuilt(replica, log)).toEqual(states.get(stop))
          }
          while (at > 0) step(replica, log, at--, false)
          states.set(0, rebuilt(new Replica(whole.tracer.shape), log))
          expect(rebuilt(replica, log)).toEqual(states.get(0))

          // Copies so close that jumps lead over several of them, and land on either side of one.
          const every = Math.max(7, Math.floor(log.length / 9))
          const places = [...states.keys()]
          // Some copies hold lanes of bytes, some wider ones of the same pages.
          for (const numbered of [0, LAST_NARROW - 15]) {
            const history = new History(log, [whole.tracer.shape], every, [crowded(numbered)])
            history.record(() => undefined)
            const twin = history.twin()
            for (const [i, place] of order.entries()) {
              const event = places[place % places.length]
              const moved = i % 2 === 0 ? history : twin
              moved.seek(event)
              expect(moved.at).toBe(event)
              expect(rebuilt(moved.replicas[0], log)).toEqual(states.get(event))
              jumps++
            }
            if (numbered > 0) wide += widths(history)
          }
        }
      ),
      {
        numRuns: 5,
        examples: [[SWAPPING, true, 'swap', [0.3, 0.6, 0.9], [0, 1, 2, 3, 4, 3, 2, 1, 0, 4, 2, 0]]]
      }
    )
    expect(compared).toBeGreaterThanOrEqual(15)
    expect(jumps).toBeGreaterThanOrEqual(120)
    expect(tagged).toBeGreaterThan(0)
    expect(wide).toBeGreaterThan(0)
  }, 120_000)
})

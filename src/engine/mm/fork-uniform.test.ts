import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { AF, CONT, DIRTY, RDONLY, wrprotect } from '../arch/descriptor'
import type { GranuleName } from '../arch/granule'
import { checkWorld } from '../check'
import { fixture, unfoldSilently, type Fixture } from '../check/fixture'
import { pageLanes } from '../check/page-lanes'
import { KERNELS } from '../kernel'
import { COUNTER_NAMES } from '../trace/counters'
import { FUNCTION_NAMES } from '../trace/functions'
import { EXCLUSIVE } from './folio'
import { forkMm } from './fork'
import { framesStep } from './lines'
import { dontneed } from './zap'

const DAMAGE = ['old', 'clean', 'readonly', 'hole', 'shared'] as const

/** A region of folios, then damage: what makes folios unlike themselves. */
interface Scene {
  readonly granule: GranuleName
  readonly order: number
  readonly folios: number
  readonly unfolded: boolean
  readonly damage: readonly { kind: (typeof DAMAGE)[number]; page: number; pages: number }[]
  readonly forks: number
}

const scene: fc.Arbitrary<Scene> = fc.record({
  granule: fc.constantFrom('4K', '4K', '4K', '16K', '64K'),
  order: fc.constantFrom(0, 1, 2, 4, 4, 5, 7, 9),
  folios: fc.integer({ min: 1, max: 70 }),
  unfolded: fc.boolean(),
  damage: fc.array(
    fc.record({
      kind: fc.constantFrom(...DAMAGE),
      page: fc.nat(1023),
      pages: fc.integer({ min: 1, max: 40 })
    }),
    { maxLength: 4 }
  ),
  forks: fc.integer({ min: 1, max: 3 })
})

function damage(f: Fixture, pages: number, { kind, page, pages: nr }: Scene['damage'][number]): void {
  const { tables } = f.world
  const c = f.world.geometry.contPtes
  const first = page % pages
  const last = Math.min(first + nr, pages)
  if (kind === 'hole') {
    dontneed(f.world, f.mm, f.vma.start + first, f.vma.start + last)
    return
  }
  for (let at = first; at < last; at++) {
    const attr = tables.attr(f.slot(at))
    if (attr === 0) continue
    if (kind === 'shared') {
      const pfn = tables.pfn(f.slot(at))
      if (f.world.folios.isExclusive(pfn)) f.world.folios.addWord(pfn, -EXCLUSIVE)
      continue
    }
    // Only what may differ inside a folded block does; permissions change a whole block alike.
    const slots =
      kind === 'readonly' && (attr & CONT) !== 0
        ? Array.from({ length: c }, (_, i) => at - (at % c) + i)
        : [at]
    for (const each of slots) {
      const old = tables.attr(f.slot(each))
      const changed = kind === 'old' ? old & ~AF : kind === 'clean' ? (old & ~DIRTY) | RDONLY : wrprotect(old)
      tables.set(f.slot(each), changed, tables.pfn(f.slot(each)))
    }
  }
}

/** Runs the scene and answers everything that it leaves behind. */
function play(kernel: string, s: Scene, fastPaths: boolean) {
  // A few tables are enough for folios of any size to meet their ends.
  const pages = Math.min(s.folios * 2 ** s.order, 4096)
  const f = fixture({ kernel, pages, order: s.order, granule: s.granule })
  f.world.fastPaths = fastPaths
  if (s.unfolded) unfoldSilently(f, pages)
  for (const each of s.damage) damage(f, pages, each)
  const batches: number[] = []
  f.world.forkLog = { batches, limit: 3000 }
  for (let i = 0; i < s.forks; i++) forkMm(f.world, f.mm, 2 + i)
  const { world } = f
  const lanes = pageLanes(world.folios)
  return {
    batches,
    violation: checkWorld(world),
    counts: world.mms.map((mm) => COUNTER_NAMES.map((name, i) => `${name} ${mm.own[i]}`)),
    calls: FUNCTION_NAMES.map((name, i) => `${name} ${world.calls[i]}`),
    resident: world.mms.map((mm) => mm.anonPages),
    arrays: [
      ...world.tables.attrs,
      ...world.tables.pfns,
      ...lanes.words,
      ...lanes.refs,
      ...lanes.flags,
      ...world.folios.largeRefs
    ].map((array) => array && Buffer.from(array.buffer))
  }
}

describe('the hot loop of fork does and counts what the long way does', () => {
  for (const { name } of KERNELS) {
    test.prop([scene], { numRuns: 40 })(name, (s) => {
      const long = play(name, s, false)
      const short = play(name, s, true)
      expect(long.violation).toBeUndefined()
      expect(short.counts).toEqual(long.counts)
      expect(short.calls).toEqual(long.calls)
      expect(short.batches).toEqual(long.batches)
      expect(short.resident).toEqual(long.resident)
      expect(short.arrays.length).toBe(long.arrays.length)
      const differs = short.arrays.findIndex(
        (array, i) => array?.compare(long.arrays[i] ?? Buffer.alloc(0)) !== (array && 0)
      )
      expect(differs).toBe(-1)
    })
  }
})

describe('a pair of frame lanes grows by the step where both frames grow by two, and only there', () => {
  const lanes = new Int32Array(4)
  const pairs = new Float64Array(lanes.buffer)
  const growth = (frames: readonly number[]): number => {
    lanes.set(frames)
    return pairs[1] - pairs[0]
  }
  // Up to 4 TiB of 4K pages, all that a machine may have; a folio lies in one chunk of frames.
  const frame = fc.oneof(fc.nat(2 ** 30), fc.nat(2 ** 22)).map((n) => n - (n % 2))
  const inChunk = (pfn: number) => pfn - (pfn % 32768)

  test.prop([frame])('in line', (pfn) => {
    const first = Math.min(pfn, inChunk(pfn) + 32764)
    expect(growth([first, first + 1, first + 2, first + 3])).toBe(framesStep(first))
  })
  test.prop([frame, fc.nat(2 ** 30), fc.nat(2 ** 30)])('anywhere else', (pfn, low, high) => {
    const first = Math.min(pfn, inChunk(pfn) + 32764)
    fc.pre(low !== first + 2 || high !== first + 3)
    expect(growth([first, first + 1, low, high])).not.toBe(framesStep(first))
    expect(growth([first, first + 1, first + 2, high === first + 3 ? high + 1 : high])).not.toBe(
      framesStep(first)
    )
    expect(growth([first, first + 1, low === first + 2 ? low + 1 : low, first + 3])).not.toBe(
      framesStep(first)
    )
  })
})

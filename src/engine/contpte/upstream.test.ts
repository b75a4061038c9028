/** Figures: reference contpte.md sections 3-7, columns 6.9 and 6.12; functions entered as recorded (6.12.117). */
import { describe, expect, it } from 'vitest'
import {
  AF,
  CONT,
  DIRTY,
  PAGE_READONLY,
  PROT_NONE,
  RDONLY,
  SWAP,
  VALID,
  WRITE,
  isDirty,
  isValidCont,
  mkdirty,
  mkwrite
} from '../arch/descriptor'
import type { GranuleName } from '../arch/granule'
import { fixture, unfoldSilently, type Fixture } from '../check/fixture'
import { COUNTER_NAMES, type CounterName } from '../trace/counters'
import { FN, FUNCTION_NAMES, type FunctionName } from '../trace/functions'

type Counts = Partial<Record<CounterName, number>>

/** Blocks of the two kernels, in every granule; entries of a block: 16, 128, 32. */
const KERNELS = ['linux-6.9', 'linux-6.12.0', 'linux-6.12'] as const
const GRANULES: readonly GranuleName[] = ['4K', '16K', '64K']
const CASES = KERNELS.flatMap((kernel) => GRANULES.map((granule) => ({ kernel, granule })))

function counted(f: Fixture, body: () => void): Counts {
  f.spent()
  body()
  const spent = f.spent()
  return Object.fromEntries(
    COUNTER_NAMES.map((name) => [name, spent(name)] as const).filter(([, n]) => n !== 0)
  )
}

/** Functions that `body` entered. */
function entered(f: Fixture, body: () => void): Partial<Record<FunctionName, number>> {
  const before = f.world.calls.slice()
  body()
  return Object.fromEntries(
    FUNCTION_NAMES.map((name) => [name, f.world.calls[FN[name]] - before[FN[name]]] as const).filter(
      ([, n]) => n !== 0
    )
  )
}

/** Two folded blocks in one folio, what a convert costs, and how many entries a block has. */
function scene(kernel: string, granule: GranuleName, unfolded = false) {
  const c = { '4K': 16, '16K': 128, '64K': 32 }[granule]
  const f = fixture({ kernel, granule, pages: 2 * c, order: Math.log2(2 * c) })
  if (unfolded) unfoldSilently(f, 2 * c)
  const convert = { xchg: c, write: c, tlbi: c, tlbiVale1is: c, dsbIshst: 1, dsbIsh: 1, unfold: 1 }
  return { f, c, convert, ops: f.world.ops, tables: f.world.tables }
}

/** The counts of several things together. */
function sum(...parts: Counts[]): Counts {
  const total: Counts = {}
  for (const part of parts) {
    for (const [name, n] of Object.entries(part))
      total[name as CounterName] = (total[name as CounterName] ?? 0) + n
  }
  return total
}

function conts(f: Fixture, from: number, to: number): boolean[] {
  return Array.from({ length: to - from }, (_, i) => isValidCont(f.world.tables.attr(f.slot(from + i))))
}

function change(f: Fixture, page: number, how: (attr: number) => number): void {
  const slot = f.slot(page)
  f.world.tables.set(slot, how(f.world.tables.attr(slot)), f.world.tables.pfn(slot))
}

describe.each(CASES)('$kernel, $granule: reads and hints', ({ kernel, granule }) => {
  it('ptep_get gathers over a folded block only', () => {
    const { f, c, ops } = scene(kernel, granule)
    expect(counted(f, () => ops.ptepGet(f.mm, f.slot(3)))).toEqual({ read: 1 + c })
    expect(entered(f, () => ops.ptepGet(f.mm, f.slot(3)))).toEqual({ contpte_ptep_get: 1 })
    const plain = scene(kernel, granule, true)
    expect(counted(plain.f, () => plain.ops.ptepGet(plain.f.mm, plain.f.slot(3)))).toEqual({ read: 1 })
  })

  it('ptep_get_lockless reads the target twice', () => {
    const { f, c, ops } = scene(kernel, granule)
    expect(counted(f, () => ops.ptepGetLockless(f.mm, f.slot(3)))).toEqual({ read: 2 + c })
  })

  it('pte_batch_hint: the rest of a folded block, else one', () => {
    const { f, c, ops, tables } = scene(kernel, granule)
    const hint = (page: number) => ops.batchHint(f.slot(page), tables.attr(f.slot(page)))
    expect([hint(0), hint(3), hint(c - 1), hint(c)]).toEqual([c, c - 3, 1, c])
    expect(ops.batchHint(f.slot(3), tables.attr(f.slot(3)) & ~CONT)).toBe(1)
    expect(ops.batchHint(f.slot(3), tables.attr(f.slot(3)) & ~VALID)).toBe(1)
  })
})

describe.each(CASES)('$kernel, $granule: stores', ({ kernel, granule }) => {
  it('set_ptes of a run reads nothing and folds by construction', () => {
    const { f, c, ops } = scene(kernel, granule)
    const pfn = f.world.tables.pfn(f.slot(0))
    for (let page = 0; page < 2 * c; page++) f.world.tables.set(f.slot(page), 0, 0)
    const store = () => ops.setPtes(f.mm, f.slot(0), pfn, PAGE_READONLY | CONT, 2 * c)
    expect(counted(f, store)).toEqual({ write: 2 * c })
    expect(conts(f, 0, 2 * c)).not.toContain(false)
  })

  it('set_ptes of a run cut at both ends folds neither end, and enters __set_ptes for each piece', () => {
    const { f, c, ops } = scene(kernel, granule)
    const pfn = f.world.tables.pfn(f.slot(0))
    for (let page = 0; page < 2 * c; page++) f.world.tables.set(f.slot(page), 0, 0)
    const store = () => ops.setPtes(f.mm, f.slot(1), pfn + 1, PAGE_READONLY, 2 * c - 2)
    expect(entered(f, store)).toEqual({ contpte_set_ptes: 1, __set_ptes: 2 })
    expect(conts(f, 0, 2 * c)).not.toContain(true)
  })

  it('set_ptes of one page over a folded block unfolds it', () => {
    const { f, convert, ops } = scene(kernel, granule)
    const pfn = f.world.folios.alloc(0)
    expect(counted(f, () => ops.setPtes(f.mm, f.slot(3), pfn, PAGE_READONLY, 1))).toEqual(
      sum(convert, { read: 1, write: 1 })
    )
  })

  it('stores of one page ascending fold at the last index; descending ones never', () => {
    const { f, c, convert, ops } = scene(kernel, granule)
    const pfn = f.world.tables.pfn(f.slot(0))
    const store = (page: number) => ops.setPtes(f.mm, f.slot(page), pfn + page, mkwrite(PAGE_READONLY), 1)
    const clear = () => {
      for (let page = 0; page < 2 * c; page++) f.world.tables.set(f.slot(page), 0, 0)
    }
    clear()
    const ascending = () => {
      for (let page = 0; page < c; page++) store(page)
    }
    const { unfold: fold, ...rest } = convert
    expect(counted(f, ascending)).toEqual(sum(rest, { fold, read: c + c, write: c }))
    expect(conts(f, 0, c)).not.toContain(false)
    clear()
    for (let page = c - 1; page >= 0; page--) store(page)
    expect(conts(f, 0, c)).not.toContain(true)
  })

  it('a swap entry written where an entry was cleared neither unfolds nor folds', () => {
    const { f, ops } = scene(kernel, granule, true)
    ops.ptepGetAndClear(f.mm, f.slot(3))
    expect(counted(f, () => ops.setPtes(f.mm, f.slot(3), 77, SWAP, 1))).toEqual({ read: 1, write: 1 })
  })

  it('an entry that is present but not valid never folds', () => {
    const { f, c, ops } = scene(kernel, granule, true)
    const none = (attr: number) => (attr & ~VALID) | PROT_NONE
    for (let page = 0; page < c; page++) change(f, page, none)
    const slot = f.slot(c - 1)
    ops.setPtes(f.mm, slot, f.world.tables.pfn(slot), f.world.tables.attr(slot), 1)
    expect(conts(f, 0, c)).not.toContain(true)
  })
})

describe.each(CASES)('$kernel, $granule: clearing', ({ kernel, granule }) => {
  it('pte_clear and ptep_get_and_clear of one entry unfold its block', () => {
    const one = scene(kernel, granule)
    expect(counted(one.f, () => one.ops.pteClear(one.f.mm, one.f.slot(3)))).toEqual(
      sum(one.convert, { read: 1, write: 1 })
    )
    const two = scene(kernel, granule)
    expect(counted(two.f, () => two.ops.ptepGetAndClear(two.f.mm, two.f.slot(3)))).toEqual(
      sum(two.convert, { read: 1, xchg: 1 })
    )
  })

  it('clear_full_ptes of whole blocks reads and unfolds nothing', () => {
    const { f, c, ops } = scene(kernel, granule)
    expect(counted(f, () => ops.clearFullPtes(f.mm, f.slot(0), 2 * c, false))).toEqual({ xchg: 2 * c })
  })

  it('clear_full_ptes across two blocks unfolds both ends, whoever tears down', () => {
    for (const full of [false, true]) {
      const { f, c, convert, ops } = scene(kernel, granule)
      const clear = () => ops.clearFullPtes(f.mm, f.slot(4), c, full)
      expect(counted(f, clear)).toEqual(sum(convert, convert, { read: 2, xchg: c }))
      expect(conts(f, 0, 2 * c)).not.toContain(true)
    }
  })

  it('get_and_clear_full_ptes answers the first entry with dirty and young of all that were cleared', () => {
    const { f, c, ops } = scene(kernel, granule)
    for (let page = 0; page < 2 * c; page++) change(f, page, (attr) => (attr & ~(AF | DIRTY)) | RDONLY)
    change(f, c + 3, (attr) => (attr | AF) & ~RDONLY)
    const cleared = ops.getAndClearFullPtes(f.mm, f.slot(0), 2 * c, false)
    expect([isDirty(cleared), cleared & AF]).toEqual([true, AF])
  })

  it('ptep_clear_flush invalidates the page where hardware could hold it', () => {
    const { f, ops } = scene(kernel, granule, true)
    expect(counted(f, () => ops.ptepClearFlush(f.mm, f.slot(3)))).toEqual({
      read: 1,
      xchg: 1,
      tlbi: 1,
      tlbiVale1is: 1,
      dsbIshst: 1,
      dsbIsh: 1
    })
    change(f, 4, (attr) => (attr & ~VALID) | PROT_NONE)
    expect(counted(f, () => ops.ptepClearFlush(f.mm, f.slot(4)))).toEqual({ read: 1, xchg: 1 })
  })
})

describe.each(CASES)('$kernel, $granule: write-protecting', ({ kernel, granule }) => {
  it('whole blocks stay folded: one read and one cas an entry', () => {
    const { f, c, ops } = scene(kernel, granule)
    const protect = () => ops.wrprotectPtes(f.mm, f.slot(0), 2 * c)
    expect(counted(f, protect)).toEqual({ read: 2 * c, cas: 2 * c })
    expect(conts(f, 0, 2 * c)).not.toContain(false)
  })

  it('all but the first entry: one unfold, found by one read; no refold', () => {
    const { f, c, convert, ops } = scene(kernel, granule)
    const protect = () => ops.wrprotectPtes(f.mm, f.slot(1), c - 1)
    expect(counted(f, protect)).toEqual(sum(convert, { read: 1 + (c - 1), cas: c - 1 }))
    expect(conts(f, 0, 2 * c)).toEqual(Array.from({ length: 2 * c }, (_, i) => i >= c))
  })

  it('a run inside one block asks at both its ends and unfolds once, with no function of its own', () => {
    const { f, convert, ops } = scene(kernel, granule)
    const protect = () => ops.wrprotectPtes(f.mm, f.slot(2), 5)
    expect(counted(f, protect)).toEqual(sum(convert, { read: 2 + 5, cas: 5 }))
    const again = scene(kernel, granule)
    expect(entered(again.f, () => again.ops.wrprotectPtes(again.f.mm, again.f.slot(2), 5))).toEqual({
      contpte_wrprotect_ptes: 1,
      contpte_try_unfold_partial: 1,
      contpte_convert: 1,
      __flush_tlb_range_nosync: 1
    })
  })

  it('one entry: read once; a second cas only where the unfold gathered something into it', () => {
    const { f, convert, ops } = scene(kernel, granule)
    expect(counted(f, () => ops.wrprotectPtes(f.mm, f.slot(3), 1))).toEqual(sum(convert, { read: 1, cas: 1 }))
    const other = scene(kernel, granule)
    change(other.f, 3, (attr) => attr & ~AF)
    expect(counted(other.f, () => other.ops.wrprotectPtes(other.f.mm, other.f.slot(3), 1))).toEqual(
      sum(other.convert, { read: 1, cas: 2 })
    )
  })
})

describe.each(CASES)('$kernel, $granule: access flags', ({ kernel, granule }) => {
  const eachEntry = kernel === 'linux-6.12'

  it('an access-flag fault sets the flag in every entry and keeps the block folded, without a TLBI', () => {
    const { f, c, ops, tables } = scene(kernel, granule)
    for (let page = 0; page < c; page++) change(f, page, (attr) => attr & ~AF)
    const entry = tables.attr(f.slot(3)) | AF
    const noop = eachEntry ? 1 + 1 : 1 + c
    expect(counted(f, () => ops.ptepSetAccessFlags(f.mm, f.slot(3), entry, false))).toEqual({
      read: 1 + noop + c,
      cas: c
    })
    expect(conts(f, 0, c)).not.toContain(false)
    expect(tables.attr(f.slot(c - 1)) & AF).toBe(AF)
  })

  it('a dirty fault makes the whole block dirty, with one flush of it', () => {
    const { f, c, ops, tables } = scene(kernel, granule)
    for (let page = 0; page < c; page++) change(f, page, (attr) => (attr & ~DIRTY) | RDONLY)
    const entry = mkdirty(tables.attr(f.slot(3)))
    const noop = eachEntry ? 1 + 1 : 1 + c
    expect(counted(f, () => ops.ptepSetAccessFlags(f.mm, f.slot(3), entry, true))).toEqual({
      read: 1 + noop + c,
      cas: c,
      tlbi: c,
      tlbiVale1is: c,
      dsbIshst: 1,
      dsbIsh: 1
    })
    for (let page = 0; page < c; page++) expect(isDirty(tables.attr(f.slot(page)))).toBe(true)
  })

  it('a change of the write bit unfolds, changes one entry, flushes its page and does not refold', () => {
    const { f, c, convert, ops, tables } = scene(kernel, granule)
    ops.wrprotectPtes(f.mm, f.slot(0), c)
    const entry = mkwrite(tables.attr(f.slot(c - 1)))
    const noop = eachEntry ? 1 + 1 : 1 + c
    expect(counted(f, () => ops.ptepSetAccessFlags(f.mm, f.slot(c - 1), entry, true))).toEqual(
      sum(convert, { read: 1 + noop + 1, cas: 1, tlbi: 1, tlbiVale1is: 1, dsbIshst: 1, dsbIsh: 1 })
    )
    expect(conts(f, 0, c)).not.toContain(true)
  })

  // Rule A1: walkers that look at one descriptor each fault on it until it has what they need.
  it(`${eachEntry ? 'mends' : 'leaves'} an entry whose neighbour already has the flag`, () => {
    const { f, c, ops, tables } = scene(kernel, granule)
    for (let page = 0; page < c; page++) if (page !== 5) change(f, page, (attr) => attr & ~AF)
    const entry = ops.ptepGet(f.mm, f.slot(3)) | AF
    const changed = ops.ptepSetAccessFlags(f.mm, f.slot(3), entry, false)
    expect([changed, (tables.attr(f.slot(3)) & AF) !== 0]).toEqual([eachEntry, eachEntry])
  })

  it('nothing to do where every entry has it: no write', () => {
    const { f, c, ops } = scene(kernel, granule)
    const entry = ops.ptepGet(f.mm, f.slot(3))
    const noop = eachEntry ? c : 1 + c
    let changed = true
    expect(counted(f, () => (changed = ops.ptepSetAccessFlags(f.mm, f.slot(3), entry, true)))).toEqual({
      read: 1 + noop
    })
    expect(changed).toBe(false)
  })
})

describe.each(CASES)('$kernel, $granule: ageing', ({ kernel, granule }) => {
  it('ptep_test_and_clear_young ages the block and keeps it folded', () => {
    const { f, c, ops } = scene(kernel, granule)
    expect(counted(f, () => ops.ptepTestAndClearYoung(f.mm, f.slot(3)))).toEqual({ read: 1 + c, cas: c })
    expect(conts(f, 0, c)).not.toContain(false)
    const plain = scene(kernel, granule, true)
    expect(counted(plain.f, () => plain.ops.ptepTestAndClearYoung(plain.f.mm, plain.f.slot(3)))).toEqual({
      read: 2,
      cas: 1
    })
  })

  it('ptep_clear_flush_young flushes the block without the last DSB', () => {
    const { f, c, ops } = scene(kernel, granule)
    expect(counted(f, () => ops.ptepClearFlushYoung(f.mm, f.slot(3)))).toEqual({
      read: 1 + c,
      cas: c,
      tlbi: c,
      tlbiVale1is: c,
      dsbIshst: 1
    })
  })

  it('clear_young_dirty_ptes widens to whole folded blocks, stores plainly for both flags, never unfolds', () => {
    const { f, c, ops, tables } = scene(kernel, granule)
    const both = () => ops.clearYoungDirtyPtes(f.mm, f.slot(3), c, true, true)
    expect(counted(f, both)).toEqual({ read: 2 + 2 * c, write: 2 * c })
    expect(conts(f, 0, 2 * c)).not.toContain(false)
    expect([isDirty(tables.attr(f.slot(0))), tables.attr(f.slot(2 * c - 1)) & AF]).toEqual([false, 0])
    const young = scene(kernel, granule)
    const one = () => young.ops.clearYoungDirtyPtes(young.f.mm, young.f.slot(3), 1, true, false)
    expect(counted(young.f, one)).toEqual({ read: 1 + 2 + c, cas: c })
  })

  it('clear_young_dirty_ptes of one plain entry', () => {
    const { f, ops } = scene(kernel, granule, true)
    expect(counted(f, () => ops.clearYoungDirtyPtes(f.mm, f.slot(3), 1, true, true))).toEqual({
      read: 2,
      write: 1
    })
  })
})

describe('what the processor makes of a flush of one block', () => {
  it.each([
    ['4K', { tlbRange: true }, { tlbi: 1, tlbiRvale1is: 1 }],
    ['16K', { tlbRange: true }, { tlbi: 1, tlbiRvale1is: 1 }],
    ['64K', { tlbRange: true }, { tlbi: 1, tlbiRvale1is: 1 }],
    ['4K', { kpti: true }, { tlbi: 32, tlbiVale1is: 32 }],
    ['4K', { repeatTlbi: true }, { tlbi: 17, tlbiVale1is: 17, dsbIsh: 2 }]
  ] as const)('%s %o', (granule, features, expected) => {
    const cpu = { hafdbs: true, tlbRange: false, kpti: false, repeatTlbi: false, ...features }
    const c = { '4K': 16, '16K': 128, '64K': 32 }[granule]
    const f = fixture({ kernel: 'linux-6.12', granule, pages: c, order: Math.log2(c), cpu })
    expect(counted(f, () => f.world.ops.pteClear(f.mm, f.slot(0)))).toMatchObject({
      dsbIshst: 1,
      dsbIsh: 1,
      ...expected
    })
  })
})

describe('the whole cost of a change of protection', () => {
  it('of a folded block, entry by entry: unfolded by the first, folded again by the last', () => {
    const { f, c, ops, tables } = scene('linux-6.12', '4K')
    const protect = () => {
      for (let page = 0; page < c; page++) {
        const slot = f.slot(page)
        ops.ptepGet(f.mm, slot)
        const pfn = tables.pfn(slot)
        const old = ops.ptepModifyProtStart(f.mm, slot)
        ops.ptepModifyProtCommit(f.mm, slot, pfn, (old & ~WRITE) | RDONLY)
      }
    }
    // 5C reads, 3C exchanges, 3C stores, two converts (contpte.md section 5, row mprotect).
    expect(counted(f, protect)).toMatchObject({ read: 80, xchg: 48, write: 48, fold: 1, unfold: 1, tlbi: 32 })
    expect(conts(f, 0, c)).not.toContain(false)
  })
})

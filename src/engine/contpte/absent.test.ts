/** Figures: reference contpte.md section 6, costs without contpte. */
import { describe, expect, it } from 'vitest'
import { AF, DIRTY, RDONLY, WRITE, isDirty, mkwrite } from '../arch/descriptor'
import { fixture, type Fixture } from '../check/fixture'
import { KERNELS } from '../kernel'
import { COUNTER_NAMES } from '../trace/counters'

function cost(f: Fixture, body: () => void): Record<string, number> {
  f.spent()
  body()
  const spent = f.spent()
  return Object.fromEntries(
    COUNTER_NAMES.map((name) => [name, spent(name)] as const).filter(([, n]) => n !== 0)
  )
}

const world = () => fixture({ kernel: 'no-contpte', pages: 16, order: 4 })

describe('operations without contpte', () => {
  it('cost one access an entry', () => {
    const f = world()
    const { ops, tables } = f.world
    expect(cost(f, () => ops.ptepGet(f.mm, f.slot(3)))).toEqual({ read: 1 })
    expect(cost(f, () => ops.ptepGetLockless(f.mm, f.slot(3)))).toEqual({ read: 1 })
    expect(cost(f, () => ops.wrprotectPtes(f.mm, f.slot(0), 16))).toEqual({ read: 16, cas: 16 })
    expect(cost(f, () => ops.ptepGetAndClear(f.mm, f.slot(3)))).toEqual({ xchg: 1 })
    expect(cost(f, () => ops.setPtes(f.mm, f.slot(3), tables.pfn(f.slot(2)) + 1, AF, 1))).toEqual({
      write: 1
    })
    expect(cost(f, () => ops.ptepTestAndClearYoung(f.mm, f.slot(3)))).toEqual({ read: 1, cas: 1 })
    expect(cost(f, () => ops.ptepClearFlushYoung(f.mm, f.slot(4)))).toEqual({
      read: 1,
      cas: 1,
      tlbi: 1,
      tlbiVale1is: 1,
      dsbIshst: 1
    })
  })

  it('relax permissions with one flush for a store, and not at all when nothing changes', () => {
    const f = world()
    const { ops, tables } = f.world
    ops.wrprotectPtes(f.mm, f.slot(0), 16)
    const entry = mkwrite(tables.attr(f.slot(3)))
    const flush = { tlbi: 1, tlbiVale1is: 1, dsbIshst: 1, dsbIsh: 1 }
    expect(cost(f, () => ops.ptepSetAccessFlags(f.mm, f.slot(3), entry, true))).toEqual({
      read: 1,
      cas: 1,
      ...flush
    })
    expect(cost(f, () => ops.ptepSetAccessFlags(f.mm, f.slot(3), entry, true))).toEqual({ read: 1 })
  })

  it('never fold', () => {
    const f = fixture({ kernel: 'no-contpte', pages: 64, order: 5 })
    const { tables } = f.world
    expect(Array.from({ length: 64 }, (_, page) => tables.attr(f.slot(page)) & (1 << 14))).toEqual(
      Array(64).fill(0)
    )
  })
})

describe.each(KERNELS.map(({ name }) => name))('write protection in %s', (kernel) => {
  it('keeps as dirty what only hardware knew to be', () => {
    const f = fixture({ kernel, pages: 16, order: 4 })
    const { tables, ops } = f.world
    const hardware = (page: number) => tables.attr(f.slot(page)) & ~(DIRTY | RDONLY)
    for (let page = 0; page < 16; page++) tables.set(f.slot(page), hardware(page), tables.pfn(f.slot(page)))
    ops.wrprotectPtes(f.mm, f.slot(0), 16)
    for (let page = 0; page < 16; page++) {
      const attr = tables.attr(f.slot(page))
      expect([isDirty(attr), attr & (WRITE | RDONLY)]).toEqual([true, RDONLY])
    }
  })
})

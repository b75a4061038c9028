import { describe, expect, it } from 'vitest'
import { BBM_LEVELS, breakBeforeMake, mayAbort, type BbmConditions, type Mapping } from './bbm'
import { AF, NG, RDONLY, SHARED_INNER, TYPE_PAGE, VALID, WRITE } from './descriptor'

const BASE = VALID | TYPE_PAGE | SHARED_INNER | AF
const RW = BASE | WRITE
const RO = BASE | RDONLY
const CLEAN = BASE | WRITE | RDONLY
const page = (attr: number, pfn = 1): Mapping => ({ attr, pfn, pages: 1 })
const block = (attr: number, nt = false): Mapping => ({ attr, pfn: 1, pages: 512, nt })
const STRICT: BbmConditions = {
  level: 0,
  contents: 'strict',
  sameContents: false,
  hardwareDirty: true,
  sizeWithPermission: 'forbidden'
}
const rules = (old: Mapping, next: Mapping, change: Partial<BbmConditions> = {}): string[] =>
  breakBeforeMake(old, next, { ...STRICT, ...change }).map(({ rule, clause }) => rule + (clause ?? ''))

describe('break-before-make', () => {
  it('is not asked for a change of permission, nor from or to an invalid entry (B5, B9)', () => {
    expect(rules(page(RW), page(RO))).toEqual([])
    expect(rules(page(RO), page(RW))).toEqual([])
    expect(rules(page(0), page(RW, 2))).toEqual([])
    expect(rules(page(RW), page(0))).toEqual([])
  })

  it('is asked for a change of address while either entry is writable, at every level (B2, B7)', () => {
    for (const level of BBM_LEVELS) {
      expect(rules(page(RW), page(RO, 2), { level })).toEqual(['B2address'])
      expect(rules(page(RO), page(RW, 2), { level, sameContents: true })).toEqual(['B2address'])
    }
    expect(rules(page(CLEAN), page(RO, 2), { sameContents: true })).toEqual(['B2address'])
    expect(rules(page(CLEAN), page(RO, 2), { sameContents: true, hardwareDirty: false })).toEqual([])
  })

  it('is asked between read-only entries only where contents differ and the clause counts', () => {
    expect(rules(page(RO), page(RO, 2))).toEqual(['B2contents'])
    expect(rules(page(RO), page(RO, 2), { sameContents: true })).toEqual([])
    expect(rules(page(RO), page(RO, 2), { contents: 'ignored' })).toEqual([])
  })

  it('is asked for a change of size by level (B3), and nothing else may change with it (B7)', () => {
    expect(BBM_LEVELS.map((level) => rules(block(RW), page(RW), { level }))).toEqual([['B3'], ['B3'], [], []])
    expect(BBM_LEVELS.map((level) => rules(block(RW, true), page(RW), { level }))).toEqual([
      ['B3'],
      [],
      [],
      []
    ])
    expect(rules(block(RW), page(RO), { level: 2 })).toEqual(['B7'])
    expect(rules(block(RW), page(RO), { level: 2, sizeWithPermission: 'allowed' })).toEqual([])
    expect(rules(block(RW), page(RW, 2), { level: 2, sameContents: true })).toEqual(['B2address'])
  })

  it('is asked for memory type, shareability and global over non-global (B1, B4)', () => {
    expect(rules(page(RW), page(RW | (1 << 2)))).toEqual(['B1'])
    expect(rules(page(RW), page(RW & ~SHARED_INNER))).toEqual(['B1'])
    expect(rules(page(RW | NG), page(RW))).toEqual(['B4'])
    expect(rules(page(RW), page(RW | NG))).toEqual([])
  })

  it('leaves a conflict abort possible on all but the listed CPUs', () => {
    expect(BBM_LEVELS.map(mayAbort)).toEqual([true, true, true, false])
  })
})

/** Figures: reference architecture.md section 2; raw values as recorded from Linux (attr f43 and c43). */
import { describe, expect, it } from 'vitest'
import {
  AF,
  CONT,
  DIRTY,
  PAGE_READONLY,
  RDONLY,
  WRITE,
  isDirty,
  mkclean,
  mkdirty,
  mkwrite,
  normalise,
  rawDescriptor,
  wrprotect
} from './descriptor'
import { GEOMETRIES } from './granule'

describe('dirty state', () => {
  it.each([
    [RDONLY, false],
    [RDONLY | WRITE, false],
    [RDONLY | DIRTY, true],
    [WRITE, true],
    [WRITE | DIRTY, true]
  ])('attr %i is dirty: %s', (attr, dirty) => {
    expect(isDirty(attr)).toBe(dirty)
  })

  it('survives write-protection, also when only hardware knew', () => {
    expect(isDirty(wrprotect(WRITE))).toBe(true)
    expect(wrprotect(WRITE) & (WRITE | RDONLY)).toBe(RDONLY)
    expect(isDirty(wrprotect(WRITE | RDONLY))).toBe(false)
  })

  it('makes a writable entry writable at once, and no other', () => {
    expect(mkdirty(RDONLY | WRITE)).toBe(WRITE | DIRTY)
    expect(mkdirty(RDONLY)).toBe(RDONLY | DIRTY)
    expect(mkwrite(RDONLY | DIRTY)).toBe(WRITE | DIRTY)
    expect(mkwrite(RDONLY)).toBe(WRITE | RDONLY)
    expect(mkclean(WRITE | DIRTY)).toBe(WRITE | RDONLY)
  })
})

describe('the 64-bit descriptor', () => {
  it('of a new anonymous page, without its address', () => {
    expect(rawDescriptor(mkwrite(mkdirty(PAGE_READONLY)), 0, 12)).toBe('e8000000000f43')
  })

  it('after fork, and of a folded block', () => {
    expect(rawDescriptor(wrprotect(mkwrite(mkdirty(PAGE_READONLY))) & ~AF, 0, 12)).toBe('e0000000000bc3')
    expect(rawDescriptor(PAGE_READONLY | CONT, 0x12345, 12)).toBe('70000012345fc3')
  })

  it('puts the frame where the granule says', () => {
    expect(rawDescriptor(0, 1, 16)).toBe('10000')
  })
})

it('compares entries of a block without AF, dirty and read-only', () => {
  expect(normalise(AF | WRITE | DIRTY)).toBe(WRITE | RDONLY)
  expect(normalise(WRITE | RDONLY)).not.toBe(normalise(RDONLY))
})

describe('geometry', () => {
  it.each([
    ['4K', 4096, 512, 16, 4, 9],
    ['16K', 16384, 2048, 128, 4, 11],
    ['64K', 65536, 8192, 32, 3, 13]
  ] as const)('%s', (name, pageSize, tableEntries, contPtes, levels, pmdOrder) => {
    expect(GEOMETRIES[name]).toMatchObject({ pageSize, tableEntries, contPtes, levels, pmdOrder })
  })
})

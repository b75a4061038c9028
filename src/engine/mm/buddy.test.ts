import { fc, test } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import { Buddy } from './buddy'
import { FreeMap } from './free-map'

describe('free map', () => {
  test.prop([fc.array(fc.tuple(fc.boolean(), fc.nat(5000)), { maxLength: 300 })])(
    'behaves as a sorted set',
    (steps) => {
      const map = new FreeMap()
      const model = new Set<number>()
      for (const [add, block] of steps) {
        if (add && !model.has(block)) {
          map.add(block)
          model.add(block)
        } else if (!add && model.has(block)) {
          map.delete(block)
          model.delete(block)
        }
        expect(map.first()).toBe(model.size === 0 ? -1 : Math.min(...model))
        expect(map.last()).toBe(model.size === 0 ? -1 : Math.max(...model))
        expect(map.has(block)).toBe(model.has(block))
        expect(map.size).toBe(model.size)
      }
    }
  )
})

describe('buddy', () => {
  test.prop([
    fc.array(fc.tuple(fc.constantFrom('take', 'top', 'low', 'free'), fc.nat(8191)), { maxLength: 150 })
  ])('knows of every page whether it is free, whoever takes it', (steps) => {
    const buddy = new Buddy(8192, 10, 1024)
    const held = new Map<number, number>()
    const isHeld = (pfn: number) =>
      pfn < 1024 || [...held].some(([first, order]) => pfn >= first && pfn < first + 2 ** order)
    for (const [what, number] of steps) {
      const order = number % 5
      if (what === 'take') {
        expect(buddy.isFree(number)).toBe(!isHeld(number))
        if (isHeld(number)) continue
        buddy.take(number)
        held.set(number, 0)
      } else if (what === 'free') {
        const [first] = [...held].slice(number % Math.max(1, held.size))
        if (first === undefined) continue
        held.delete(first[0])
        buddy.release(...first)
      } else {
        const pfn = what === 'top' ? buddy.allocHighest(order) : buddy.alloc(order)
        if (pfn < 0) continue
        expect([pfn % 2 ** order, isHeld(pfn), isHeld(pfn + 2 ** order - 1)]).toEqual([0, false, false])
        held.set(pfn, order)
      }
      const used = [...held.values()].reduce((sum, one) => sum + 2 ** one, 0)
      expect(buddy.freePages).toBe(7168 - used)
      expect(buddy.blocks().reduce((sum, count, at) => sum + count * 2 ** at, 0)).toBe(buddy.freePages)
    }
    for (const [pfn, order] of held) buddy.release(pfn, order)
    expect(buddy.blocks()).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7])
  })

  it('answers the lowest naturally aligned block', () => {
    const buddy = new Buddy(4096, 10, 1024)
    expect([buddy.alloc(0), buddy.alloc(4), buddy.alloc(0), buddy.alloc(9)]).toEqual([1024, 1040, 1025, 1536])
  })

  it('says when nothing is left, and has all again after the last release', () => {
    const buddy = new Buddy(4096, 10, 1024)
    const got = Array.from({ length: 3 }, () => buddy.alloc(10))
    expect(got).toEqual([1024, 2048, 3072])
    expect([buddy.alloc(0), buddy.freePages]).toEqual([-1, 0])
    for (const pfn of got) buddy.release(pfn, 10)
    expect(buddy.freePages).toBe(3072)
  })

  test.prop([fc.array(fc.tuple(fc.nat(10), fc.nat(40)), { maxLength: 200 })])(
    'never hands out a page twice and merges everything back',
    (steps) => {
      const buddy = new Buddy(8192, 10, 1024)
      const held: [number, number][] = []
      const owner = new Set<number>()
      for (const [order, release] of steps) {
        if (release < held.length) {
          const [[pfn, was]] = held.splice(release, 1)
          for (let i = 0; i < 2 ** was; i++) owner.delete(pfn + i)
          buddy.release(pfn, was)
          continue
        }
        const pfn = buddy.alloc(order)
        if (pfn < 0) continue
        expect(pfn % 2 ** order).toBe(0)
        for (let i = 0; i < 2 ** order; i++) {
          expect(owner.has(pfn + i)).toBe(false)
          owner.add(pfn + i)
        }
        held.push([pfn, order])
      }
      expect(buddy.freePages).toBe(8192 - 1024 - owner.size)
      for (const [pfn, order] of held) buddy.release(pfn, order)
      for (let block = 1; block < 8; block++) expect(buddy.alloc(10)).toBe(block * 1024)
    }
  )
})

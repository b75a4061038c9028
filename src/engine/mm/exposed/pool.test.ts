/** Reference oneplus.md section 9: the pool is asked first, then free lists without reclaim, then base pages do. */
import { describe, expect, it } from 'vitest'
import { checkWorld } from '../../check'
import { fragment } from '../fragment'
import { exitMm } from '../zap'
import { blockAnonymousFault } from './fault'
import { blocks } from './fixture'
import { limitBlocks, readBlockPool, refillBlocks } from './pool'

const C = 16
const TARGET = 512

const touch = ({ world, mm, vma }: ReturnType<typeof blocks>, page: number) =>
  blockAnonymousFault(world, mm, vma, vma.start + page, true)

describe('the pool of blocks', () => {
  it('is refilled to 32 MiB, and only below half of that', () => {
    const f = blocks(300 * C, 'none')
    const free = f.world.folios.buddy.freePages
    expect([refillBlocks(f.world), refillBlocks(f.world)]).toEqual([TARGET, 0])
    expect(f.world.folios.buddy.freePages).toBe(free - TARGET * C)
    expect(checkWorld(f.world)).toBeUndefined()
    for (let block = 0; block < TARGET / 2; block++) touch(f, block * C)
    // Exactly half is left: nobody wakes the thread.
    expect(readBlockPool(f.world)).toMatchObject({ ready: TARGET / 2, inUse: TARGET / 2 })
    expect(refillBlocks(f.world)).toBe(0)
    touch(f, (TARGET / 2) * C)
    expect(refillBlocks(f.world)).toBe(TARGET / 2 + 1)
    expect(checkWorld(f.world)).toBeUndefined()
  })

  it('gives 64K where free memory lies in pieces; without it base pages do', () => {
    const without = blocks(4 * C, 'none')
    fragment(without.world, { order: 3 })
    expect(touch(without, 0)).toBe(false)
    const f = blocks(4 * C, 'none')
    refillBlocks(f.world)
    fragment(f.world, { order: 3 })
    expect([touch(f, 0), touch(f, C)]).toEqual([true, true])
    expect(readBlockPool(f.world)).toEqual({ ready: TARGET - 2, inUse: 2, limit: Infinity })
    expect(checkWorld(f.world)).toBeUndefined()
  })

  it('does not get blocks back that came from the page allocator', () => {
    const f = blocks(4 * C, 'none')
    refillBlocks(f.world)
    const free = f.world.folios.buddy.freePages
    touch(f, 0)
    exitMm(f.world, f.mm)
    expect(f.world.folios.buddy.freePages).toBe(free + C)
    expect(readBlockPool(f.world)).toMatchObject({ ready: TARGET - 1, inUse: 0 })
    expect(checkWorld(f.world)).toBeUndefined()
  })

  it('keeps to its limit, whatever is ready', () => {
    const f = blocks(4 * C, 'none')
    refillBlocks(f.world)
    limitBlocks(f.world, 2 * 65_536 + 1)
    expect([touch(f, 0), touch(f, C), touch(f, 2 * C)]).toEqual([true, true, false])
    expect(readBlockPool(f.world)).toEqual({ ready: TARGET - 2, inUse: 2, limit: 2 })
  })
})

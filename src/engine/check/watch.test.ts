/** Each rule of the checker that stays on, made to fail. */
import { describe, expect, it } from 'vitest'
import { agentAccess } from '../arch/agent'
import { CONT, VALID, mkclean, wrprotect } from '../arch/descriptor'
import { ADVERSARIAL } from '../arch/tlb'
import { kernelByName } from '../kernel'
import { EXCLUSIVE, FOLIO_DIRTY } from '../mm/folio'
import { newMm } from '../mm/fork'
import type { Mm } from '../mm/mm'
import { findSlot } from '../mm/walk'
import { sysFork, sysMadvise, sysMmap, sysMunmap, userRead, userWrite } from '../syscalls'
import { World } from '../world'
import { checkWorld } from './index'
import { Oracle, SharedPages } from './oracle'
import { Watch } from './watch'

const START = 2 ** 20

/** A process with one folded block of 16 pages that it wrote, under watch. */
function watched(kernel = 'linux-6.12') {
  const world = new World({
    kernel: kernelByName(kernel),
    granule: '4K',
    memoryBytes: 2 ** 26,
    tlb: { ...ADVERSARIAL, cpus: 2 },
    swapBytes: 2 ** 20
  })
  world.thp.sizes[4] = 'always'
  const watch = new Watch(world)
  const mm = newMm(world, 1)
  sysMmap(world, mm, { vpn: START, pages: 16, prot: 'rw' })
  userWrite(world, mm, START, 16, 1, () => 7)
  const slot = findSlot(world, mm, START)
  const pfn = world.tables.pfn(slot)
  for (let i = 0; i < 16; i++) watch.store(pfn + i)
  watch.begin(mm, START, 16)
  return { world, watch, mm, slot, pfn }
}

type Watched = ReturnType<typeof watched>

function change({ world, slot }: Watched, page: number, attr: (attr: number) => number, pfn?: number): void {
  world.tables.set(slot + page, attr(world.tables.attr(slot + page)), pfn ?? world.tables.pfn(slot + page))
}

const end = ({ watch, mm }: Watched): string | undefined => watch.end(mm)?.rule

describe('the checker that stays on', () => {
  it('finds nothing in what the kernel did, after an operation or in all', () => {
    const w = watched()
    expect(w.world.tables.attr(w.slot) & CONT).toBe(CONT)
    expect([w.watch.end(w.mm), w.watch.full()]).toEqual([undefined, undefined])
  })

  it.each<[string, string, (w: Watched) => void]>([
    ['a hole in a folded block', 'block-consistent', (w) => change(w, 3, () => 0, 0)],
    [
      'a frame nobody holds',
      'mapped-free-page',
      (w) => {
        for (let i = 0; i < 16; i++) change(w, i, (attr) => attr & ~CONT)
        w.world.tlbi.mm(w.mm)
        w.world.folios.put(w.pfn, 16)
      }
    ],
    ['a mapping nobody counted', 'mapcount', (w) => w.world.folios.addWord(w.pfn + 2, -1)],
    ['an exclusive page mapped twice', 'exclusive-shared', (w) => w.world.folios.addWord(w.pfn + 2, 1)],
    [
      'a store to a page others may see',
      'writable-not-exclusive',
      (w) => w.world.folios.addWord(w.pfn + 2, -EXCLUSIVE)
    ],
    ['a page too few', 'resident-set', (w) => w.mm.anonPages--],
    ['a swap entry too many', 'resident-set', (w) => w.mm.swapEntries++],
    ['VMAs that overlap', 'vma-order', (w) => w.mm.vmas.push({ ...w.mm.vmas[0] })],
    [
      'a store that is forgotten',
      'dirty-lost',
      (w) => {
        for (let i = 0; i < 16; i++) change(w, i, mkclean)
        w.world.tlbi.mm(w.mm)
      }
    ],
    [
      'a translation not flushed',
      'stale-translation',
      (w) => {
        for (let i = 0; i < 16; i++) change(w, i, wrprotect)
      }
    ]
  ])('after an operation: %s', (_what, rule, breakIt) => {
    const w = watched()
    breakIt(w)
    expect(end(w)).toBe(rule)
    // Once something is wrong, it stays the answer.
    expect(w.watch.full()?.rule).toBe(rule)
  })

  it('finds a folio freed while a TLB translates to it', () => {
    const w = watched()
    w.watch.freed(w.pfn, 4)
    expect(end(w)).toBe('tlb-freed-page')
  })

  it('finds, at any step, a mapping that holds no reference', () => {
    const w = watched()
    w.world.folios.addWord(w.pfn, 1)
    w.world.probe?.('some step', w.pfn)
    w.world.folios.addWord(w.pfn, -1)
    expect(w.watch.end(w.mm)).toMatchObject({ rule: 'refcount-below-mapcount', during: 'some step' })
  })

  it('finds, at any step, a misprogrammed block, but minds no entry that is not valid', () => {
    const w = watched()
    change(w, 3, (attr) => attr & ~VALID)
    w.world.probe?.('invalid')
    expect(w.watch.violation).toBeUndefined()
    change(w, 3, (attr) => (attr | VALID) & ~CONT)
    w.world.probe?.('mixed')
    expect(w.watch.violation).toMatchObject({ rule: 'block-misprogrammed', during: 'mixed' })
  })

  it('finds a walk that goes on through a table that was freed', () => {
    const w = watched()
    const { world, mm } = w
    const { tlbs } = world
    if (tlbs === undefined) throw new Error('no TLBs')
    expect(tlbs.walkPid).toContain(mm.pid)
    // Every invalidation reaches last-level entries only, so the walk caches keep the table.
    const apply = tlbs.apply.bind(tlbs)
    tlbs.apply = (pid, vpn, pages) => apply(pid, vpn, pages, true)
    sysMunmap(world, mm, START, 16)
    expect(end(w)).toBe('stale-walk')
  })

  it('finds two entries of one TLB that translate the same page', () => {
    const w = watched()
    const { world, mm } = w
    for (let i = 0; i < 16; i++) change(w, i, (attr) => attr & ~CONT)
    world.tlbi.mm(mm)
    agentAccess(world, mm, 1, START + 3, false)
    // Folded without an invalidation: page 3 is still cached on its own.
    for (let i = 0; i < 16; i++) change(w, i, (attr) => attr | CONT)
    expect(end(w)).toBeUndefined()
    agentAccess(world, mm, 1, START + 5, false)
    expect(end(w)).toBe('tlb-conflict')
  })

  it('finds an access that makes no progress', () => {
    const w = watched()
    w.world.tlbi.mm(w.mm)
    w.world.ops.ptepSetAccessFlags = () => false
    const child = sysFork(w.world, w.mm, 2)
    for (let i = 0; i < 16; i++) w.world.folios.addWord(w.pfn + i, EXCLUSIVE)
    agentAccess(w.world, child, 1, START, true)
    expect(end(w)).toBe('no-progress')
  })

  it('finds a page of a file that was stored to, zapped, and whose folio is clean', () => {
    const w = watched()
    const { world, mm, watch } = w
    sysMmap(world, mm, { vpn: START + 32, pages: 1, prot: 'rw', shared: true })
    userWrite(world, mm, START + 32, 1, 1, () => 7)
    const pfn = world.tables.pfn(findSlot(world, mm, START + 32))
    watch.store(pfn)
    sysMadvise(world, mm, START + 32, 1, 'dontneed')
    expect(watch.full()).toBeUndefined()
    world.folios.setFlags(pfn, 0, FOLIO_DIRTY)
    expect(watch.full()?.rule).toBe('dirty-lost')
  })

  it('finds swap slots counted by nobody', () => {
    const { world, mm } = watched()
    world.lru.drainAll()
    sysMadvise(world, mm, START, 16, 'pageout')
    expect(mm.swapEntries).toBe(16)
    expect(checkWorld(world)).toBeUndefined()
    const slot = world.tables.pfn(findSlot(world, mm, START))
    world.swap?.duplicate(slot)
    expect(checkWorld(world)?.rule).toBe('swap-slot')
  })

  it('finds a size of which there are not as many folios as counted', () => {
    for (const name of ['nr_anon', 'nr_anon_partially_mapped'] as const) {
      const { world } = watched()
      world.thpStats.add(4, name)
      expect(checkWorld(world)).toMatchObject({ rule: 'size-accounting', object: 'folios of order 4' })
    }
    const { world } = watched()
    world.folios.live[2]++
    expect(checkWorld(world)).toMatchObject({ rule: 'size-accounting', object: 'folios of order 2' })
  })

  it('finds pages that are neither free nor held', () => {
    const { world } = watched()
    world.folios.buddy.alloc(0)
    expect(checkWorld(world)?.rule).toBe('page-accounting')
  })
})

describe('what a process must read', () => {
  const seen = (world: World, mm: Mm): number => {
    let value = -1
    userRead(world, mm, START, 1, 1, (_page, found) => (value = found))
    return value
  }

  it('is not what its parent stores after fork: a child that sees it is found', () => {
    const { world, mm } = watched()
    const parent = new Oracle(START, 16, new SharedPages())
    parent.write(START, 7)
    const child = sysFork(world, mm, 2)
    const oracle = parent.fork()
    userWrite(world, mm, START, 1, 1, () => 9)
    parent.write(START, 9)
    expect([parent.allows(START, seen(world, mm)), oracle.allows(START, seen(world, child))]).toEqual([
      true,
      true
    ])
    expect([oracle.allows(START, 9), oracle.expected(START)]).toEqual([false, '7'])
  })

  it('is the same for all that share a page, and zero or the old after MADV_FREE', () => {
    const shared = new SharedPages()
    const one = new Oracle(0, 4, shared)
    one.map(0, 2, true)
    one.write(2, 5)
    const other = one.fork()
    other.write(1, 8)
    expect([one.allows(1, 8), one.allows(1, 0)]).toEqual([true, false])
    one.orZero(0, 4)
    expect([one.allows(2, 5), one.allows(2, 0), one.allows(2, 6), one.allows(1, 0)]).toEqual([
      true,
      true,
      false,
      false
    ])
    one.write(2, 6)
    expect(one.allows(2, 0)).toBe(false)
    one.discard(0, 4)
    expect([one.allows(2, 0), one.allows(1, 8)]).toEqual([true, true])
  })
})

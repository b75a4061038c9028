/** System calls on ranges of an address space. */
import { givenUpForOthers } from '../../src/engine/check/lazyfree'
import { EngineError } from '../../src/engine/error'
import { FileMapping } from '../../src/engine/mm/file'
import { anonymousVma, VM_MAYWRITE, VM_READ, VM_SHARED, VM_WRITE, type Mm } from '../../src/engine/mm/mm'
import { addVma } from '../../src/engine/mm/vma'
import * as sys from '../../src/engine/syscalls'
import type { Life, Proc } from './life'

const PROTS = ['rw', 'rw', 'rw', 'rw', 'rw', 'r', 'r', 'none', 'rx', 'rwx']
const FLAG_ADVICE = [
  'hugepage',
  'hugepage',
  'nohugepage',
  'dontfork',
  'dofork',
  'wipeonfork',
  'keeponfork'
] as const

export function mmap(life: Life, { mm, oracle }: Proc): void {
  const { world, random, base, arena } = life
  const c = world.geometry.contPtes
  const pmd = world.geometry.tableEntries
  const die = random.below(20)
  let count = 1 + random.below(8)
  if (die >= 4) count = c * (1 + random.below(4)) + (random.below(3) === 0 ? random.below(c) : 0)
  if (die >= 11) count = c * (1 + random.below(pmd > 512 ? 5 : 20))
  if (die >= 18 || (die >= 16 && pmd === 512)) count = pmd + random.below(2) * random.below(2 * c)
  count = Math.min(count, arena)
  const grid = [1, c, c, c, pmd][random.below(5)]
  const room = Math.floor((arena - count) / grid)
  const first = base + grid * random.below(room + 1)
  const prot = random.below(8) === 0 ? PROTS[random.below(PROTS.length)] : 'rw'
  const shared = random.below(10) === 0
  const tagged = life.plan.mte && prot !== 'none' && random.below(3) > 0 ? 'm' : ''
  life.from = first
  life.count = count
  life.say(`${prot}${tagged}${shared ? ' shared' : ''}`)
  life.watch.begin(mm, first, count)
  // What a failing call leaves of the old mapping nobody says.
  oracle.lost(first, count)
  sys.sysMmap(world, mm, { vpn: first, pages: count, prot: prot + tagged, shared })
  oracle.map(first, count, shared)
}

/** Orders of HugeTLB pages that the arena and the memory of a fuzzed world have room for. */
function hugeOrders({ world }: Life): number[] {
  const { name, contShift, pmdOrder } = world.geometry
  return name === '4K' ? [contShift, pmdOrder] : [contShift]
}

/** A pool of HugeTLB pages grows or shrinks, or may do so on demand. */
export function pool(life: Life, _proc: Proc): void {
  const { random, world } = life
  const orders = hugeOrders(life)
  const order = orders[random.below(orders.length)]
  const most = order === world.geometry.pmdOrder ? 4 : 13
  const chosen = world.hugetlb.pool(order)
  if (chosen === undefined) return
  if (random.below(3) === 0) chosen.overcommit = random.below(most)
  else chosen.resize(random.below(most))
  life.say(`pool of order ${order}: ${chosen.total}, overcommit ${chosen.overcommit}`)
}

/** HugeTLB pages, private or shared, reserved or not; mostly at a place where they may lie. */
export function mmapHuge(life: Life, proc: Proc): void {
  const { world, random, base, arena } = life
  const orders = hugeOrders(life)
  const order = orders[random.below(orders.length)]
  const nr = 2 ** order
  if (random.below(2) === 0) pool(life, proc)
  const count = Math.min(arena, nr * (1 + random.below(order === world.geometry.pmdOrder ? 2 : 6)))
  const grid = random.below(12) === 0 ? 1 : nr
  const first = base + grid * random.below(Math.floor((arena - count) / grid) + 1)
  const shared = random.below(5) === 0
  const reserve = random.below(2) === 0
  life.from = first
  life.count = count
  life.say(`HugeTLB of order ${order}${shared ? ' shared' : ''}${reserve ? ' reserved' : ''}`)
  life.watch.begin(proc.mm, first, count)
  proc.oracle.unsure(first, count)
  sys.sysMmap(world, proc.mm, { vpn: first, pages: count, prot: 'rw', shared, huge: order, reserve })
  proc.oracle.map(first, count, shared)
}

/** Whether HugeTLB pages lie in the range: calls round it to whole ones. */
function hasHuge(mm: Mm, from: number, count: number): boolean {
  return mm.vmas.some(({ start, end, huge }) => huge !== undefined && start < from + count && from < end)
}

export function munmap(life: Life, proc: Proc): void {
  life.range(proc)
  const { from, count } = life
  proc.oracle.lost(from, count)
  sys.sysMunmap(life.world, proc.mm, from, count)
  proc.oracle.zero(from, count)
}

export function mprotect(life: Life, proc: Proc): void {
  life.range(proc)
  const access = PROTS[life.random.below(PROTS.length)]
  const prot = life.plan.mte && access !== 'none' && life.random.below(3) === 0 ? `${access}m` : access
  life.say(prot)
  sys.sysMprotect(life.world, proc.mm, life.from, life.count, prot)
}

export function mremap(life: Life, proc: Proc): void {
  const { world, random, base, arena } = life
  life.range(proc)
  const { from } = life
  const pages = 2 ** (proc.mm.vmaAt(from)?.huge?.order ?? 0)
  const count = Math.min(Math.ceil(life.count / pages) * pages, base + arena - from)
  life.count = count
  const grid = [1, world.geometry.contPtes, world.geometry.tableEntries][random.below(3)]
  // The distance is a multiple of the grid, as far as the arena has room for that.
  const offset = (from - base) % grid
  const room = Math.floor((arena - count - offset) / grid)
  const to = room < 0 ? base + random.below(arena - count + 1) : base + offset + grid * random.below(room + 1)
  life.say(`to ${to - base}`)
  proc.oracle.lost(to, count)
  life.moving = true
  sys.sysMremap(world, proc.mm, from, count, to)
  proc.oracle.move(from, count, to)
  // What another CPU stored meanwhile was moved, or went to where the pages were by then.
  for (const vpn of life.raced) {
    proc.oracle.unsure(vpn, 1)
    if (vpn >= from && vpn < from + count) proc.oracle.unsure(vpn - from + to, 1)
  }
}

export function mlock(life: Life, proc: Proc): void {
  life.range(proc)
  sys.sysMlock(life.world, proc.mm, life.from, life.count)
}

/** madvise of one kind; `flags` is any advice that only sets VMA flags. */
export function advising(kind: 'flags' | 'populate' | sys.MadviseAdvice) {
  return (life: Life, proc: Proc): void => {
    const { random } = life
    life.range(proc)
    if (kind === 'flags') madvise(life, proc, FLAG_ADVICE[random.below(FLAG_ADVICE.length)])
    else if (kind === 'populate')
      madvise(life, proc, random.below(3) === 0 ? 'populate_read' : 'populate_write')
    else if (kind === 'collapse') {
      try {
        madvise(life, proc, kind)
      } catch (error) {
        if (!(error instanceof EngineError) || error.code !== 'not-modelled') throw error
        life.leftOut(kind)
      }
    } else madvise(life, proc, kind)
  }
}

function madvise(life: Life, { mm, oracle }: Proc, advice: sys.MadviseAdvice): void {
  const { world, watch, procs, from, count } = life
  life.say(advice)
  if ((advice === 'cold' || advice === 'pageout') && hasLargeFile(mm, from, count)) {
    life.leftOut('splitting a folio of a file')
    return
  }
  const gives = advice === 'free' || advice === 'dontneed'
  // Where part of the range is not mapped or locked, what comes before was advised all the same.
  const given = () => {
    if (!gives) return
    oracle.orZero(from, count)
    if (advice !== 'free') return
    watch.cleaned(mm, from, count)
    for (const page of givenUpForOthers(world, mm, from, count)) {
      procs.find((each) => each.mm === page.mm)?.oracle.orZero(page.vpn, 1)
    }
  }
  given()
  try {
    sys.sysMadvise(world, mm, from, count, advice)
  } finally {
    given()
  }
  if (advice === 'dontneed' && !hasHuge(mm, from, count)) oracle.discard(from, count)
}

/** Whether the range lies in a file that is cached in large folios: the engine cannot split those. */
function hasLargeFile(mm: Mm, from: number, count: number): boolean {
  return mm.vmas.some(
    ({ start, end, file }) =>
      start < from + count && from < end && file instanceof FileMapping && file.order > 0
  )
}

/** A file of its own, mapped whole or beyond its end, private or shared; read in folios of some order. */
export function mmapFile(life: Life, { mm, oracle }: Proc): void {
  const { world, random, base, arena } = life
  const c = world.geometry.contPtes
  const count = Math.min(arena, 1 + random.below(4 * c))
  const first = base + random.below(arena - count + 1)
  const shared = random.below(2) === 0
  const length = random.below(6) === 0 ? Math.max(1, count - random.below(c)) : count
  const file = new FileMapping('file', length, false, random.below(world.geometry.contShift + 2))
  life.from = first
  life.count = count
  life.say(`${shared ? 'shared' : 'private'} file of ${length}`)
  life.watch.begin(mm, first, count)
  oracle.lost(first, count)
  sys.sysMunmap(world, mm, first, count)
  const vma = anonymousVma(first, first + count, VM_READ | VM_WRITE | VM_MAYWRITE)
  if (shared) vma.flags |= VM_SHARED
  vma.file = file
  vma.pgoff = 0
  addVma(world, mm, vma)
  life.files.push(file)
  oracle.map(first, count, shared)
}

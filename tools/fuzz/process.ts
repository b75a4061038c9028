/** System calls on whole address spaces, pins, and what the machine is told. */
import type { Seeded } from '../../src/engine/arch/seeded'
import { VM_DONTCOPY, VM_WIPEONFORK } from '../../src/engine/mm/mm'
import * as sys from '../../src/engine/syscalls'
import type { Life, Proc } from './life'

const SIZES = ['always', 'always', 'always', 'inherit', 'madvise', 'never']
const TOPS = ['always', 'madvise', 'never']

export function fork(life: Life, proc: Proc): void {
  const { world, watch } = life
  const { mm, oracle } = proc
  life.from = life.base
  life.count = life.arena
  watch.begin(mm, life.base, life.arena)
  const childMm = sys.sysFork(world, mm, life.nextPid())
  const child = oracle.fork()
  for (const vpn of life.raced) {
    child.unsure(vpn, 1)
    // Stored to between fork's read of the entry and its write protection: only the parent's entry
    // need tell, and that goes with the parent.
    watch.cleaned(mm, vpn, 1)
  }
  for (const { start, end, flags, huge } of mm.vmas) {
    if ((flags & (VM_DONTCOPY | VM_WIPEONFORK)) !== 0) child.zero(start, end - start)
    // Its reserving owner took a page away from it: it gets SIGBUS there, and its child zeroes.
    else if (huge?.unmapped === true) child.unsure(start, end - start)
  }
  life.procs.push({ mm: childMm, oracle: child })
  if (life.verbose) life.said += ` child mm ${childMm.pid}`
  watch.end(childMm)
}

export function exit(life: Life, proc: Proc): void {
  life.procs.splice(life.procs.indexOf(proc), 1)
  sys.sysUnpin(life.world, proc.mm)
  sys.sysExit(life.world, proc.mm)
}

export function pin(life: Life, proc: Proc): void {
  life.range(proc)
  sys.sysPin(life.world, proc.mm, life.from, Math.min(life.count, 64), {
    write: life.random.below(2) === 0,
    longterm: life.random.below(2) === 0
  })
}

export function unpin(life: Life, proc: Proc): void {
  sys.sysUnpin(life.world, proc.mm)
}

export function clearRefs(life: Life, proc: Proc): void {
  sys.sysClearRefs(life.world, proc.mm, 1)
}

export function thpDisable(life: Life, proc: Proc): void {
  sys.sysThpDisable(life.world, proc.mm, life.random.below(2) === 0)
}

export function markChp(life: Life, proc: Proc): void {
  life.range(proc)
  sys.sysMarkChp(life.world, proc.mm, life.from, life.count)
}

export function drain({ world, random }: Life): void {
  if (random.below(2) === 0) world.lru.drain()
  else world.lru.drainAll()
}

export function sysfs(life: Life): void {
  settings(life, life.random, 1 + life.random.below(3))
}

/** Writes `times` random settings of transparent huge pages. */
export function settings(life: Life, random: Seeded, times: number): void {
  const { world } = life
  for (let i = 0; i < times; i++) {
    const order = 1 + random.below(world.geometry.pmdOrder)
    const kib = (world.geometry.pageSize * 2 ** order) / 1024
    const top = random.below(8)
    const [path, value] =
      top === 0
        ? ['enabled', TOPS[random.below(3)]]
        : [`hugepages-${kib}kB/enabled`, SIZES[random.below(SIZES.length)]]
    if (life.verbose) life.said += ` ${path}=${value}`
    // Kernels without sizes of their own have no such files.
    if (life.sysfs.exists(path)) life.sysfs.write(path, value)
  }
}

/** Folios of one contpte block for everybody. */
export function enableBlocks({ world, sysfs }: Life): void {
  const kib = (world.geometry.pageSize * world.geometry.contPtes) / 1024
  const path = `hugepages-${kib}kB/enabled`
  if (sysfs.exists(path)) sysfs.write(path, 'always')
}

import { fc, test } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import { AF, CONT, WRITE } from '../arch/descriptor'
import { EngineError } from '../error'
import { KERNELS } from '../kernel'
import { createMachine, type Machine } from '../machine'
import { findSlot } from '../mm/walk'
import type { Process } from '../process'
import type { Advice, Region } from '../region'
import { checkWorld } from './index'
import { fixture } from './fixture'
import { pageLanes } from './page-lanes'

/** One step of a random life. Numbers are taken modulo what there is. */
interface Step {
  readonly op: 'spawn' | 'mmap' | 'write' | 'read' | 'fork' | 'exit' | 'madvise' | 'munmap' | 'sysfs'
  readonly a: number
  readonly b: number
  readonly c: number
}

const step: fc.Arbitrary<Step> = fc.record({
  op: fc.constantFrom<Step['op']>(
    'spawn',
    'mmap',
    'mmap',
    'write',
    'write',
    'write',
    'read',
    'fork',
    'fork',
    'exit',
    'madvise',
    'madvise',
    'munmap',
    'sysfs',
    'sysfs'
  ),
  a: fc.nat(1000),
  b: fc.nat(100),
  c: fc.nat(100)
})

const SIZES = [16, 32, 64, 128, 256, 512, 1024]
const VALUES = ['always', 'madvise', 'never', 'inherit']
const ALIGNS = [4096, 16384, 65536, 2 ** 21]
const ADVICES: Advice[] = ['dontneed', 'dontneed', 'hugepage', 'nohugepage']

/** A machine with its processes; a child inherits the regions of its parent. */
class Life {
  readonly machine: Machine
  readonly processes: { process: Process; regions: Region[] }[] = []

  constructor(kernel: string) {
    this.machine = createMachine({ kernel, memoryBytes: 48 * 2 ** 20 })
    this.#set('hugepages-64kB/enabled', 'always')
    this.processes.push({ process: this.machine.spawn(), regions: [] })
  }

  /** Errors that the simulated system may answer here are part of life. */
  take(step: Step): void {
    try {
      this.#do(step)
    } catch (error) {
      if (!(error instanceof EngineError) || !['EFAULT', 'ENOMEM'].includes(error.code)) throw error
    }
  }

  /** Kernels without sizes of their own have no such files. */
  #set(path: string, value: string): void {
    if (this.machine.sysfs.exists(path)) this.machine.sysfs.write(path, value)
  }

  #do({ op, a, b, c }: Step): void {
    const { machine, processes } = this
    if (op === 'sysfs') {
      this.#set(`hugepages-${SIZES[a % SIZES.length]}kB/enabled`, VALUES[b % VALUES.length])
      return
    }
    if (op === 'spawn' || processes.length === 0) {
      if (processes.length < 6) processes.push({ process: machine.spawn(), regions: [] })
      return
    }
    const one = processes[a % processes.length]
    if (op === 'mmap') {
      const bytes = (1 + (b % 90) * 7) * 4096
      if (one.regions.length < 4)
        one.regions.push(
          one.process.mmap({ bytes, align: ALIGNS[c % ALIGNS.length], prot: c % 11 === 0 ? 'r' : 'rw' })
        )
    } else if (op === 'fork') {
      if (processes.length < 6) processes.push({ process: one.process.fork(), regions: [...one.regions] })
    } else if (op === 'exit') {
      one.process.exit()
      processes.splice(a % processes.length, 1)
    } else if (one.regions.length > 0) {
      this.#onRegion(op, one.process, one.regions[(a >> 3) % one.regions.length], b, c)
    }
  }

  #onRegion(op: Step['op'], process: Process, region: Region, b: number, c: number): void {
    const from = Math.floor((b * (region.length - 1)) / 100)
    const count = Math.max(1, Math.floor(((region.length - from) * c) / 100))
    if (op === 'write') region.write(from, count, process)
    else if (op === 'read') region.read(from, count, process)
    else if (op === 'munmap') region.munmap(from, count, process)
    else region.madvise(ADVICES[(b + c) % ADVICES.length], from, count, process)
  }
}

describe('random lives break no invariant', () => {
  // The neighbour keeps the upper table that munmap emptied: a random life once found it unaccounted.
  it('also where munmap leaves an upper table to a neighbour', () => {
    const machine = createMachine({ kernel: 'contpte-unbatched' })
    const process = machine.spawn()
    const region = process.mmap({ bytes: 4096 * 7 })
    region.write(0, 1)
    process.mmap({ bytes: 4096 * 7 })
    region.munmap()
    expect(machine.world.tables.state[2]).toBeGreaterThan(1)
    expect(checkWorld(machine.world)).toBeUndefined()
    process.exit()
    expect(machine.world.tables.state[2]).toBe(0)
  })

  // A random life once found folios of two sizes in one run of frames, each with references of another process.
  it('also where folios of two sizes lie side by side, and a child holds them', () => {
    const machine = createMachine({ kernel: 'contpte-v2' })
    machine.sysfs.write('hugepages-128kB/enabled', 'always')
    machine.sysfs.write('hugepages-64kB/enabled', 'always')
    const parent = machine.spawn()
    const region = parent.mmap({ bytes: 48 * 4096, align: 2 ** 21 })
    region.write()
    const { world } = machine
    const frames = [0, 32].map((page) => region.pte(page).pfn)
    expect(frames[1]).toBe(frames[0] + 32)
    expect(frames.map((pfn) => world.folios.order(pfn))).toEqual([5, 4])
    const child = parent.fork()
    parent.exit()
    expect(checkWorld(world)).toBeUndefined()
    child.exit()
    expect(checkWorld(world)).toBeUndefined()
    expect(world.counters.get('folioAlloc') - world.counters.get('folioFree')).toBe(0)
  })

  for (const kernel of KERNELS) {
    test.prop([fc.array(step, { minLength: 5, maxLength: 60 })], { numRuns: 60 })(kernel.name, (steps) => {
      const life = new Life(kernel.name)
      for (const each of steps) {
        life.take(each)
        expect(checkWorld(life.machine.world)).toBeUndefined()
      }
      for (const { process } of life.processes) process.exit()
      const { world } = life.machine
      expect(checkWorld(world)).toBeUndefined()
      expect([
        world.tables.state[2],
        world.counters.get('folioAlloc') - world.counters.get('folioFree')
      ]).toEqual([0, 0])
    })
  }
})

function sameNumbers(a: ArrayLike<number> | undefined, b: ArrayLike<number> | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

describe('the same life twice', () => {
  for (const kernel of KERNELS) {
    test.prop([fc.array(step, { minLength: 20, maxLength: 60 })], { numRuns: 10 })(
      `${kernel.name}: identical counters, tables and folios`,
      (steps) => {
        const states = [0, 1].map(() => {
          const life = new Life(kernel.name)
          for (const each of steps) life.take(each)
          const { counters, tables, folios } = life.machine.world
          return [
            counters.values,
            ...tables.attrs,
            ...tables.pfns,
            ...pageLanes(folios).words,
            ...pageLanes(folios).refs,
            ...folios.largeRefs
          ]
        })
        const [first, second] = states
        expect(second.length).toBe(first.length)
        // Arrays this large are compared here and only then shown.
        const differs = first.findIndex((array, i) => !sameNumbers(array, second[i]))
        expect(differs).toBe(-1)
      }
    )
  }
})

describe('each checker finds what it is for', () => {
  function broken(breakIt: (f: ReturnType<typeof fixture>) => void): string | undefined {
    const f = fixture({ kernel: 'contpte-v2', pages: 64, order: 4 })
    expect(checkWorld(f.world)).toBeUndefined()
    breakIt(f)
    return checkWorld(f.world)?.rule
  }
  const entry = (
    f: ReturnType<typeof fixture>,
    page: number,
    change: (attr: number) => number,
    shift = 0
  ) => {
    const { tables } = f.world
    tables.set(f.slot(page), change(tables.attr(f.slot(page))), tables.pfn(f.slot(page)) + shift)
  }
  const pfn = (f: ReturnType<typeof fixture>, page: number) =>
    f.world.tables.pfn(findSlot(f.world, f.mm, f.vma.start + page))

  it.each([
    [
      'an entry of a folded block without the contiguous bit',
      'block-consistent',
      (f) => entry(f, 3, (attr) => attr & ~CONT)
    ],
    ['a hole in a folded block', 'block-consistent', (f) => f.world.tables.set(f.slot(3), 0, 0)],
    ['another permission in a folded block', 'block-consistent', (f) => entry(f, 3, (attr) => attr & ~WRITE)],
    ['a frame out of line in a folded block', 'block-consistent', (f) => entry(f, 3, (attr) => attr, 1)],
    ['a mapping too many', 'mapcount', (f) => f.world.folios.addWord(pfn(f, 3), 1)],
    ['a reference too few', 'refcount-below-mapcount', (f) => f.world.folios.addRefs(pfn(f, 3), -1)],
    ['a reference too many', 'leaked-reference', (f) => f.world.folios.addRefs(pfn(f, 3), 1)],
    ['a folio that nothing maps', 'leaked-reference', (f) => f.world.folios.alloc(0)],
    ['a resident page too many', 'resident-set', (f) => f.mm.anonPages++],
    [
      'a writable page that is not exclusive',
      'writable-not-exclusive',
      (f) => f.world.folios.addWord(pfn(f, 3), -(1 << 20))
    ],
    ['an entry outside the VMAs', 'entry-outside-vma', (f) => (f.vma.end -= 16)],
    ['overlapping VMAs', 'vma-order', (f) => f.mm.vmas.push({ ...f.vma })],
    ['a table nobody reaches', 'table-accounting', (f) => f.world.tables.alloc()]
  ] as [string, string, (f: ReturnType<typeof fixture>) => void][])('%s: %s', (_name, rule, breakIt) => {
    expect(broken(breakIt)).toBe(rule)
  })

  it('lets access flags differ inside a folded block', () => {
    expect(broken((f) => entry(f, 3, (attr) => attr & ~AF))).toBeUndefined()
  })
})

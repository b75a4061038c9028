import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkWorld } from '../check'
import { kernelByName } from '../kernel'
import { sysFork, sysMadvise, sysMmap, sysMprotect, sysMremap, sysMunmap, userWrite } from '../syscalls'
import { FN, type FunctionName } from '../trace/functions'
import { World } from '../world'
import { newMm } from './fork'
import { VM_WRITE, type Mm } from './mm'

const BASE = 2 ** 18

function machine(kernel = 'linux-6.12'): { world: World; mm: Mm } {
  const world = new World({ kernel: kernelByName(kernel), granule: '4K', memoryBytes: 2 ** 26 })
  return { world, mm: newMm(world, 1) }
}

function map(world: World, mm: Mm, from: number, pages: number, prot = 'rw'): void {
  sysMmap(world, mm, { vpn: BASE + from, pages, prot })
}

function write(world: World, mm: Mm, from: number, pages: number): void {
  userWrite(world, mm, BASE + from, pages, 1, () => 1)
}

/** VMAs as [first page, pages, may be written]. */
function vmas(mm: Mm): (number | string)[][] {
  return mm.vmas.map((vma) => [
    vma.start - BASE,
    vma.end - vma.start,
    (vma.flags & VM_WRITE) === 0 ? 'r' : 'rw'
  ])
}

function counted(world: World, name: FunctionName, run: () => void): number {
  const before = world.calls[FN[name]]
  run()
  return world.calls[FN[name]] - before
}

describe.each(['linux-6.1', 'linux-6.12'])('%s merges VMAs', (kernel) => {
  it('that mmap puts side by side, whatever was faulted in on one side', () => {
    const { world, mm } = machine(kernel)
    map(world, mm, 0, 4)
    write(world, mm, 0, 4)
    map(world, mm, 8, 4)
    map(world, mm, 4, 4)
    expect(vmas(mm)).toEqual([[0, 12, 'rw']])
    expect(mm.vmas[0].anonVma).toBe(1)
  })

  it('but not where both sides have anon_vmas of their own', () => {
    const { world, mm } = machine(kernel)
    map(world, mm, 0, 4)
    write(world, mm, 0, 4)
    map(world, mm, 8, 4)
    write(world, mm, 8, 4)
    map(world, mm, 4, 4)
    expect(vmas(mm)).toEqual([
      [0, 8, 'rw'],
      [8, 4, 'rw']
    ])
  })

  it('that mprotect made alike again: D.64kB.mprotect-inside', () => {
    const { world, mm } = machine(kernel)
    map(world, mm, 0, 64)
    write(world, mm, 0, 64)
    expect(counted(world, 'anon_vma_clone', () => sysMprotect(world, mm, BASE + 3, 6, 'r'))).toBe(2)
    expect(vmas(mm)).toEqual([
      [0, 3, 'rw'],
      [3, 6, 'r'],
      [9, 55, 'rw']
    ])
    expect(counted(world, 'anon_vma_clone', () => sysMprotect(world, mm, BASE + 3, 6, 'rw'))).toBe(0)
    expect(vmas(mm)).toEqual([[0, 64, 'rw']])
  })

  it('by moving their border where only a part changes', () => {
    const { world, mm } = machine(kernel)
    map(world, mm, 0, 32)
    write(world, mm, 0, 32)
    sysMprotect(world, mm, BASE, 16, 'r')
    expect(counted(world, 'anon_vma_clone', () => sysMprotect(world, mm, BASE + 16, 4, 'r'))).toBe(0)
    expect(vmas(mm)).toEqual([
      [0, 20, 'r'],
      [20, 12, 'rw']
    ])
    sysMprotect(world, mm, BASE + 10, 10, 'rw')
    expect(vmas(mm)).toEqual([
      [0, 10, 'r'],
      [10, 22, 'rw']
    ])
  })

  it('into a neighbour without pages only where the faulted one is the neighbour', () => {
    const { world, mm } = machine(kernel)
    map(world, mm, 0, 8, 'r')
    map(world, mm, 8, 8)
    write(world, mm, 8, 8)
    // The part that changes has pages, its new neighbour has none: they stay apart.
    sysMprotect(world, mm, BASE + 8, 8, 'r')
    expect(vmas(mm)).toEqual([
      [0, 8, 'r'],
      [8, 8, 'r']
    ])
  })

  it('of a forked child never, once the parent had pages in both', () => {
    const { world, mm } = machine(kernel)
    map(world, mm, 0, 16)
    write(world, mm, 0, 16)
    sysMprotect(world, mm, BASE, 8, 'r')
    const child = sysFork(world, mm, 2)
    sysMprotect(world, child, BASE, 8, 'rw')
    expect(vmas(child)).toEqual([
      [0, 8, 'rw'],
      [8, 8, 'rw']
    ])
    sysMprotect(world, mm, BASE, 8, 'rw')
    expect(vmas(mm)).toEqual([[0, 16, 'rw']])
  })

  it('after mremap only where their page offsets still run on', () => {
    const { world, mm } = machine(kernel)
    map(world, mm, 0, 32)
    write(world, mm, 0, 32)
    sysMremap(world, mm, BASE + 16, 16, BASE + 64)
    sysMremap(world, mm, BASE, 16, BASE + 80)
    // Now the second half lies before the first one.
    expect(vmas(mm)).toEqual([
      [64, 16, 'rw'],
      [80, 16, 'rw']
    ])
    sysMremap(world, mm, BASE + 80, 16, BASE + 48)
    expect(vmas(mm)).toEqual([[48, 32, 'rw']])
  })

  it('that were never touched wherever mremap brings them', () => {
    const { world, mm } = machine(kernel)
    map(world, mm, 0, 8)
    map(world, mm, 32, 8)
    sysMremap(world, mm, BASE + 32, 8, BASE + 8)
    expect(vmas(mm)).toEqual([[0, 16, 'rw']])
  })
})

describe('mprotect of a hole', () => {
  it('changes what lies before it and answers ENOMEM', () => {
    const { world, mm } = machine()
    map(world, mm, 0, 8)
    map(world, mm, 16, 8)
    expect(() => sysMprotect(world, mm, BASE, 24, 'r')).toThrow(/ENOMEM/)
    expect(vmas(mm)).toEqual([
      [0, 8, 'r'],
      [16, 8, 'rw']
    ])
    expect(() => sysMprotect(world, mm, BASE + 10, 2, 'r')).toThrow(/ENOMEM/)
  })

  it('madvise passes over it, advises the rest and answers ENOMEM', () => {
    const { world, mm } = machine()
    map(world, mm, 0, 8)
    map(world, mm, 16, 8)
    expect(() => sysMadvise(world, mm, BASE, 24, 'hugepage')).toThrow(/ENOMEM/)
    expect(mm.vmas.map((vma) => vma.flags & 0x100)).toEqual([0x100, 0x100])
  })
})

interface Call {
  readonly op: 'mmap' | 'munmap' | 'mprotect' | 'mremap' | 'write' | 'madvise' | 'fork'
  readonly from: number
  readonly pages: number
  readonly to: number
}

const call: fc.Arbitrary<Call> = fc.record({
  op: fc.constantFrom<Call['op']>('mmap', 'mmap', 'munmap', 'mprotect', 'mremap', 'write', 'madvise', 'fork'),
  from: fc.nat(60),
  pages: fc.integer({ min: 1, max: 24 }),
  to: fc.nat(120)
})

describe('whatever is called', () => {
  it('VMAs stay sorted, and what is mapped with which access is what the calls say', () => {
    fc.assert(
      fc.property(fc.array(call, { maxLength: 30 }), (calls) => {
        const { world, mm } = machine()
        // What a page-by-page account of the calls says, without any VMAs.
        const pages = new Map<number, string>()
        for (const { op, from, pages: nr, to } of calls) {
          const range = Array.from({ length: nr }, (_, i) => from + i)
          const prot = to % 2 === 0 ? 'r' : 'rw'
          if (op === 'mmap') {
            map(world, mm, from, nr, prot)
            for (const page of range) pages.set(page, prot)
          } else if (op === 'munmap') {
            sysMunmap(world, mm, BASE + from, nr)
            for (const page of range) pages.delete(page)
          } else if (op === 'mprotect') {
            try {
              sysMprotect(world, mm, BASE + from, nr, prot)
            } catch {
              // Up to the first hole.
            }
            for (const page of range) {
              if (!pages.has(page)) break
              pages.set(page, prot)
            }
          } else if (op === 'mremap') {
            const one = mm.vmaAt(BASE + from)
            const fits = one !== undefined && one.end >= BASE + from + nr
            const apart = to >= from + nr || from >= to + nr
            try {
              sysMremap(world, mm, BASE + from, nr, BASE + to)
            } catch {
              // Not in one VMA, or overlapping.
            }
            if (one !== undefined && apart) for (let i = 0; i < nr; i++) pages.delete(to + i)
            if (fits && apart) {
              for (const page of range) {
                pages.set(to + page - from, pages.get(page) as string)
                pages.delete(page)
              }
            }
          } else if (op === 'write') write(world, mm, from, nr)
          else if (op === 'fork') sysFork(world, mm, 2 + world.mms.length)
          else {
            try {
              sysMadvise(world, mm, BASE + from, nr, 'dontfork')
            } catch {
              // Holes.
            }
          }
          expect(checkWorld(world)).toBeUndefined()
        }
        const seen = new Map<number, string>()
        for (const [start, nr, prot] of vmas(mm) as [number, number, string][]) {
          for (let i = 0; i < nr; i++) seen.set(start + i, prot)
        }
        expect([...seen].sort(([a], [b]) => a - b)).toEqual([...pages].sort(([a], [b]) => a - b))
      }),
      { numRuns: 150 }
    )
  })
})

/** What allocators do, and that it is the same under every kernel and setting. */
import { describe, expect, it } from 'vitest'
import { checkWorld } from '../check'
import { createMachine } from '../machine'
import { readMemory } from '../memory'
import { startWorkload, WORKLOADS, type WorkloadOptions } from '.'

/** 64 MiB of which 8 may be live, with these sizes always. */
function setup(options: WorkloadOptions, sizes = '', kernel = 'linux-6.12') {
  const machine = createMachine({ kernel, memoryBytes: 2 ** 30 })
  machine.shell.run(`for s in ${sizes}; do echo always > hugepages-\${s}kB/enabled; done`)
  const region = machine.spawn().mmap({ bytes: 2 ** 26 })
  return { machine, region, workload: startWorkload(region, { liveBytes: 2 ** 23, ...options }) }
}

describe.each(WORKLOADS)('%s', (kind) => {
  it('does the same whatever the folios are; what it needs is resident', () => {
    const reports = ['', '64', '16 32 64', '2048'].map((sizes) => {
      const { machine, workload } = setup({ kind, seed: 3 }, sizes)
      workload.run(20_000)
      const { report } = workload
      expect(report.residentPages).toBeGreaterThanOrEqual(kind === 'js-heap' ? 0 : report.livePages)
      expect(readMemory(machine.world).inUse).toBeGreaterThanOrEqual(report.residentPages)
      expect(checkWorld(machine.world)).toBeUndefined()
      return { ...report, residentPages: 0 }
    })
    expect(new Set(reports.map((report) => JSON.stringify(report))).size).toBe(1)
    expect(reports[0].purges).toBeGreaterThan(0)
  })

  it('is a matter of the seed, and of how far it went', () => {
    const run = (seed: number, ...parts: number[]) => {
      const { workload } = setup({ kind, seed })
      for (const part of parts) workload.run(part)
      return JSON.stringify(workload.report)
    }
    expect(run(1, 3000, 2000)).toBe(run(1, 5000))
    expect(run(2, 5000)).not.toBe(run(1, 5000))
  })
})

describe('an arena', () => {
  it('grows to the live bytes and shrinks to the share said', () => {
    const { workload } = setup({ kind: 'arena', low: 0.25 })
    let most = 0
    let least = Infinity
    for (let i = 0; i < 60; i++) {
      workload.run(1000)
      const { liveBytes } = workload.report
      most = Math.max(most, liveBytes)
      if (i > 15) least = Math.min(least, liveBytes)
    }
    expect(most).toBeGreaterThan(0.8 * 2 ** 23)
    expect(most).toBeLessThan(1.01 * 2 ** 23)
    expect(least).toBeLessThan(0.5 * 2 ** 23)
  })

  it('leaves nothing resident that decayed, with pages of its own', () => {
    const { workload } = setup({ kind: 'arena', decay: 0 })
    workload.run(20_000)
    const { livePages, residentPages } = workload.report
    // Slabs keep the pages in which no object is just now.
    expect(residentPages - livePages).toBeLessThan(livePages * 0.2)
  })

  it('cuts large folios when it gives back pages, and does not in units of 64 KiB', () => {
    const cut = (purgeBytes: number) => {
      const { machine, workload } = setup({ kind: 'arena', purgeBytes }, '64')
      workload.run(20_000)
      return readMemory(machine.world).deferred
    }
    expect(cut(4096).folios).toBeGreaterThan(20)
    expect(cut(65536)).toEqual({ folios: 0, unmapped: 0 })
  })

  it('counts what is resident of shared memory, which giving back does not free', () => {
    const machine = createMachine({ kernel: 'linux-6.12', memoryBytes: 2 ** 30 })
    const region = machine.spawn().mmap({ bytes: 2 ** 24, shared: true })
    const workload = startWorkload(region, { kind: 'arena', liveBytes: 2 ** 21 })
    workload.run(10_000)
    const { report } = workload
    expect(report.residentPages).toBeGreaterThanOrEqual(report.livePages)
    expect(report.residentPages).toBe(region.process.livingMm().filePages)
  })

  it('says when it is full, and what it does not take', () => {
    const { workload } = setup({ kind: 'arena', liveBytes: 2 ** 26 })
    expect(() => {
      workload.run(200_000)
    }).toThrow(/ENOMEM: the heap/)
    const bad = (options: Partial<WorkloadOptions>) => () => setup({ kind: 'arena', ...options })
    expect(bad({ liveBytes: 2 ** 27 })).toThrow(/live must be/)
    expect(bad({ purgeBytes: 5000 })).toThrow(/purge must be a power of two/)
    expect(bad({ low: 2 })).toThrow(/low must be a share/)
    expect(bad({ decay: -1 })).toThrow(/decay must be/)
  })
})

describe('a bump allocator', () => {
  it('gives all back at once', () => {
    const { region, workload } = setup({ kind: 'bump', liveBytes: 2 ** 20, maxBytes: 4096 }, '64')
    workload.run(2000)
    const { purgedPages, purges, livePages } = workload.report
    expect([purgedPages / purges, livePages <= 256]).toEqual([256, true])
    expect(region.foldedBlocks()).toBe(Math.ceil(livePages / 16))
  })
})

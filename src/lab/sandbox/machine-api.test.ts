/** Every call of machines, processes and regions, made by a script in its sandbox. */
import { describe, expect, it } from 'vitest'
import { DEFAULT_LIMITS } from '../results/types'
import { monotonicMs } from '../run/clock'
import { compileScript } from '../script/compile'
import type { Task, TaskResult } from './messages'
import { Meter, meterMemory } from './meter'
import { runTask } from './task'

const TASK: Task = { kind: 'cell', cell: { index: 0, key: 'k', parameters: {}, seed: 5 } }

async function run(lines: string): Promise<TaskResult> {
  const text = `import { experiment } from 'contpte-lab'\nexport default experiment({ title: 't', run({ machine, expect, record }) {\n${lines}\n} })\n`
  const { code, diagnostics } = await compileScript('x.ts', text)
  expect(diagnostics).toEqual([])
  const init = { file: 'x.ts', text, code: code!, limits: DEFAULT_LIMITS, meter: meterMemory() }
  return runTask(init, new Meter(init.meter, monotonicMs), TASK, () => undefined)
}

/** What a script found, by the name of each `record`ed value or printed line. */
async function found(lines: string): Promise<unknown[]> {
  const { error, console } = await run(lines)
  expect(error).toBeUndefined()
  return console.map(({ text }) => JSON.parse(text) as unknown)
}

async function failure(lines: string): Promise<string> {
  const { error } = await run(lines)
  return error ? `${error.line}:${error.column} ${error.code} ${error.message}` : 'none'
}

/** A machine with 64K folios and one folded block, `say` to print a value. */
const folded = (options = ''): string => `
const say = (value: unknown) => console.log(JSON.stringify(value))
const m = machine({ kernel: 'linux-6.12', ${options} })
m.sysfs.write('hugepages-64kB/enabled', 'always')
const p = m.spawn()
const heap = p.mmap({ bytes: '256KiB' })
heap.write(0, 16)
`

describe('machines', () => {
  it('have the granule, the CPU and the memory that were asked for', async () => {
    const lines = `
const say = (value: unknown) => console.log(JSON.stringify(value))
for (const granule of ['4K', '16K', '64K'] as const) {
  const m = machine({ kernel: 'linux-6.12', granule, cpu: 'cortex-a72', memory: '4GiB', seed: 3 })
  m.sysfs.write('hugepages-2048kB/enabled', 'always')
  const heap = m.spawn().mmap({ bytes: '2MiB' })
  heap.write()
  say([heap.length, heap.block(0).entries.length, heap.block(0).folded, heap.folio(0)?.order])
}
const flushes = (cpu: any) => {
  const m = machine({ kernel: 'linux-6.12', cpu })
  m.sysfs.write('hugepages-64kB/enabled', 'always')
  const heap = m.spawn().mmap({ bytes: '64KiB' })
  heap.write()
  const { tlbiVale1is, tlbiRvale1is } = m.counters.scope(() => heap.munmap(5, 1))
  say([tlbiVale1is, tlbiRvale1is])
}
flushes('neoverse-n1'); flushes('max'); flushes({ model: 'max', lpa2: false }); flushes({ kpti: true })
`
    // A PMD leaf with 4K pages. Reference teardown.md, example Z3: 16 + 1, or one range and one page.
    expect(await found(lines)).toEqual([
      [512, 16, false, 9],
      [128, 128, true, 7],
      [32, 32, true, 5],
      [17, 0],
      [1, 1],
      [1, 1],
      [34, 0]
    ])
  })

  it.each([
    ["machine({ kernel: 'linux-6.12', granule: '8K' as any })", 'granule must be one of 4K, 16K, 64K'],
    ["machine({ kernel: 'linux-6.12', cpu: 'z80' as any })", "cpu: no model 'z80'"],
    ["machine({ kernel: 'linux-6.12', cpu: { hafdbs: 1 as any } })", 'hafdbs must be true or false'],
    [
      "machine({ kernel: 'linux-6.12', tlb: { entries: 0 } })",
      'tlb: entries must be a whole number from 1 to 4096'
    ],
    [
      "machine({ kernel: 'linux-6.12', tlb: { evict: 'never' as any } })",
      'tlb: evict must be one of oldest, seeded'
    ],
    [
      "machine({ kernel: 'linux-6.12', tlb: { withoutHafdbs: [1] } })",
      'withoutHafdbs: a CPU must be a whole number from 0 to 0'
    ],
    ["machine({ kernel: 'linux-6.12', swap: '1KiB' })", 'swap must be a whole number from 4096'],
    ["machine({ kernel: 'linux-6.12', granule: '64K', memory: '64MiB' })", 'memory must be at least']
  ])('refuse %s', async (line, message) => {
    const told = await failure(line)
    expect(told).toMatch(/^3:1 bad-argument /)
    expect(told).toContain(message)
  })

  it('count what happens in a scope', async () => {
    expect(
      await found(`${folded()}
const spent = m.counters.scope(() => { p.fork() })
say([spent.fork, spent.forkBatch, spent.unfold, 'scope' in spent])`)
    ).toEqual([[1, 1, 0, false]])
  })

  it('swap out and in', async () => {
    expect(
      await found(`${folded("swap: '64MiB'")}
heap.store(3, 7)
heap.madvise('pageout', 0, 16)
say([heap.pte(3).kind, p.rss(), heap.block(3).valid])
say([heap.load(3), heap.pte(3).kind])`)
    ).toEqual([
      ['swap', { anon: 0, file: 0, swap: 16 }, 0],
      [7, 'page']
    ])
  })
})

describe('processes', () => {
  it('tell batches, resident set and VMAs', async () => {
    expect(
      await found(`${folded()}
heap.madvise('dontneed', 5, 1)
const child = p.fork()
say([child.batches(), p.batches(), child.rss().anon])
heap.mprotect('r', 8, 4)
heap.madvise('nohugepage', 32, 32)
say(p.vmas().map(({ start, end, prot, flags }) => [(start - heap.address) / 4096, (end - heap.address) / 4096, prot, ...flags]))`)
    ).toEqual([
      [[5, 10], [], 15],
      [
        [0, 8, 'rw'],
        [8, 12, 'r'],
        [12, 32, 'rw'],
        [32, 64, 'rw', 'nohugepage']
      ]
    ])
  })

  it('clear references, switch huge pages off, unpin', async () => {
    expect(
      await found(`${folded()}
const before = m.counters.tlbi
p.clearRefs(1)
say([heap.pte(3).young, heap.foldedBlocks(), m.counters.tlbi - before])
p.thpDisable()
heap.write(16, 16)
say(heap.folio(16)?.order)
p.thpDisable(false)
heap.write(32, 16)
say(heap.folio(32)?.order)
say([heap.pin(0, 4), heap.folio(0)?.pincount])
p.unpin()
say(heap.folio(0)?.pincount)
try { p.clearRefs(9) } catch (error: any) { say(error.code) }`)
    ).toEqual([[false, 1, 0], 0, 4, [4, 4], 0, 'EINVAL'])
  })
})

describe('regions', () => {
  it('map shared memory, files and memory without access', async () => {
    expect(
      await found(`${folded()}
const shared = p.mmap({ bytes: '64KiB', shared: true })
shared.store(2, 9)
const file = p.mmap({ bytes: '128KiB', prot: 'rx', file: { folio: '64KiB' } })
const child = p.fork()
shared.store(2, 11, child)
say([shared.load(2), shared.folio(2)?.anonymous])
file.read()
file.read(0, 32, child)
say([file.foldedBlocks(), file.foldedBlocks(child), file.folio(0)?.pages, p.rss().file])
const none = p.mmap({ bytes: '64KiB', prot: 'none' })
try { none.read(0, 1) } catch (error: any) { say(error.code) }
say(p.vmas().map((vma) => [vma.prot, vma.shared, vma.file !== '']))`)
    ).toEqual([
      [11, false],
      // The first page of a folio that is read from disk is mapped alone; what is cached is mapped around.
      [0, 2, 16, 33],
      'EFAULT',
      [
        ['rw', false, false],
        ['rw', true, true],
        ['rx', false, true],
        ['none', false, false]
      ]
    ])
  })

  it('name a range for blocks of OnePlus', async () => {
    expect(
      await found(`
const say = (value: unknown) => console.log(JSON.stringify(value))
const m = machine({ kernel: 'oneplus-5.15' })
const p = m.spawn()
const heap = p.mmap({ bytes: '2MiB', name: 'libc_malloc' })
const plain = p.mmap({ bytes: '2MiB' })
heap.write(0, 1)
plain.write(0, 1)
say([heap.block(0).folded, heap.folio(0)?.entireMapcount, plain.block(0).valid, p.vmas()[0].flags])`)
    ).toEqual([[true, 1, 1, ['marked']]])
  })

  it('protect, move, lock', async () => {
    expect(
      await found(`${folded()}
heap.store(4, 44)
heap.mprotect('r', 0, 4)
say([heap.foldedBlocks(), heap.pte(0).writable, heap.pte(4).writable])
try { heap.write(0, 1) } catch (error: any) { say(error.code) }
const place = p.mmap({ bytes: '256KiB' })
heap.mremap(place, 20, 4, 12)
say([place.load(20), heap.pte(4).kind, place.pte(31).kind])
heap.mlock(48, 2)
say([heap.pte(48).kind, p.vmas().some(({ flags }) => flags.includes('locked'))])
try { heap.mremap(place, 0, 0, 8) } catch (error: any) { say(error.code) }`)
    ).toEqual([[0, false, true], 'EFAULT', [44, 'none', 'page'], ['page', true], 'EFAULT'])
  })

  it('take every advice, with the errno of the kernel', async () => {
    expect(
      await found(`${folded()}
for (const advice of ['free', 'cold', 'populate_read', 'populate_write', 'wipeonfork', 'keeponfork', 'dontfork', 'dofork', 'hugepage', 'dontneed'] as const) heap.madvise(advice)
try { heap.madvise('sometimes' as any) } catch (error: any) { say(error.code) }
heap.munmap(1, 1)
try { heap.madvise('dontneed', 0, 4) } catch (error: any) { say(error.code) }`)
    ).toEqual(['bad-argument', 'ENOMEM'])
  })

  it('take NUMA hints and write protection for userfaultfd', async () => {
    expect(
      await found(`${folded()}
heap.numaHint(0, 8)
say([heap.pte(0).kind, heap.pte(8).kind, heap.foldedBlocks()])
say(p.fork().batches())
heap.read(0, 1)
say(heap.pte(0).kind)
heap.writeProtect(32, 16)
heap.write(16, 16)
heap.writeProtect(16, 16)
say([heap.pte(20).uffdWp, heap.pte(20).writable, heap.foldedBlocks()])
heap.store(20, 1)
say([heap.pte(20).uffdWp, heap.pte(20).writable, heap.pte(21).uffdWp])
const old = machine({ kernel: 'linux-6.9' }).spawn().mmap({ bytes: '64KiB' })
try { old.writeProtect() } catch (error: any) { say(error.code) }`)
      // fork.md, example E6: a hint ends the batch.
    ).toEqual([['protnone', 'page', 0], [8, 8], 'page', [true, false, 1], [false, true, true], 'EINVAL'])
  })

  it('count a NUMA hint as the reference does: like mprotect of the block, without the refold', async () => {
    // contpte.md section 5: (1 + C) + (C - 1) ptep_gets, C starts, C commits; one convert; the range flush.
    expect(
      await found(`${folded()}
const { read, xchg, write, unfold, fold, tlbi } = m.counters.scope(() => heap.numaHint(0, 16))
say({ read, xchg, write, unfold, fold, tlbi })
heap.read(3, 1)
say([heap.foldedBlocks(), heap.pte(15).kind, m.check()])`)
    ).toEqual([{ read: 64, xchg: 32, write: 32, unfold: 1, fold: 0, tlbi: 32 }, [1, 'page', []]])
  })

  it('migrate a folio and back, in children too', async () => {
    expect(
      await found(`${folded()}
const child = p.fork()
const migration = heap.migrate(3)
say([heap.pte(3).kind, heap.pte(9, child).kind, heap.folio(3) === undefined, m.check()])
migration.undo(); migration.undo()
say([heap.foldedBlocks(), heap.foldedBlocks(child), heap.folio(3)?.mapcount, heap.folio(3)?.refcount, m.check()])
try { heap.migrate(40) } catch (error: any) { say(error.code) }`)
    ).toEqual([['migration', 'migration', true, []], [1, 1, 2, 32, []], 'EFAULT'])
  })

  it('show what the checker makes of a corrupted entry', async () => {
    expect(
      await found(`${folded()}
say([m.check(), heap.block(0).misprogrammed])
heap.corrupt(0, { contiguous: false })
const block = heap.block(0)
say([m.check().map(({ rule }) => rule), block.misprogrammed, block.folded, block.contiguous, block.valid])
heap.corrupt(0, { swap: true })
say([heap.pte(0).kind, heap.block(0).misprogrammed])
try { heap.corrupt(40, { valid: false }) } catch (error: any) { say(error.code) }`)
    ).toEqual([[[], false], [['block-consistent'], true, false, 15, 16], ['swap', false], 'bad-argument'])
  })
})

describe('observers of a block', () => {
  it('say at every step of an exit what others can make of it, and what a call would do', async () => {
    expect(
      await found(`${folded('cpus: 2, tlb: {}').replace('linux-6.12', 'contpte-v2')}
const other = m.cpu(1)
m.onStep((step) => {
  const seen = heap.observe(0)
  if (step !== 'entries cleared' || seen.contiguous !== 12) return
  other.load(heap, 9)
  const { rule, safe, invalidation, entries, translations } = heap.observe(0)
  say([rule, safe, invalidation, entries[2], translations.map(({ address, pages }) => [address - heap.address, pages])])
  for (const call of ['marker', 'pte_clear'] as const) {
    const { unfolded, mappedAgain, safe: fine } = heap.whatIf(call === 'marker' ? 2 : 9, call)
    say([unfolded, mappedAgain, fine])
  }
})
p.exit()
try { heap.whatIf(0, 'nonsense' as any) } catch (error: any) { say(error.code) }`)
    ).toEqual([
      [
        'case-b',
        true,
        { removes: 1, comesBack: true },
        { walk: 'fault', neighbours: true, held: [1], pfn: expect.any(Number), givenUp: false },
        [[0, 16]]
      ],
      [false, [], true],
      [true, [0, 1, 2, 3], false],
      'bad-argument'
    ])
  })
})

describe('CPUs and walkers', () => {
  it('have TLBs of their own, with entries that coalesce and go stale', async () => {
    expect(
      await found(`${folded('cpus: 2, tlb: { walkers: 1 }')}
const [one, walker] = [m.cpu(1), m.walker()]
say([one.load(heap, 3), one.tlb().map(({ pages, coalesced, writable, stale }) => [pages, coalesced, writable, stale])])
say([walker.load(heap, 3).faults, walker.tlb().length, m.cpu(0).tlb().length])
say([one.store(heap, 4, 77).done, heap.load(4)])
let during: unknown
m.onStep((step) => { if (step === 'entries cleared') during = one.tlb().map(({ stale }) => stale) })
heap.munmap(0, 16)
say([during, one.tlb().length])`)
    ).toEqual([
      [{ done: true, pfn: expect.any(Number) as number, faults: 0 }, [[16, true, true, false]]],
      [0, 1, 1],
      [true, 77],
      [[true], 0]
    ])
  })

  it('act one at a time', async () => {
    expect(
      await found(`${folded('cpus: 2, tlb: {}')}
say([m.on(1, () => { heap.read(0, 1); return 'done' }), m.cpu(1).tlb().length])
try { m.on(1, () => { throw new Error('mine') }) } catch (error: any) { say(error.message) }
heap.write(20, 1)
say(m.cpu(1).tlb().length)`)
    ).toEqual([['done', 1], 'mine', 1])
  })

  it.each([
    ["machine({ kernel: 'linux-6.12' }).cpu(0)", 'no-tlb'],
    ["machine({ kernel: 'linux-6.12', tlb: {} }).cpu(1)", 'no cpu 1: this machine has 0 to 0'],
    ["machine({ kernel: 'linux-6.12', tlb: {} }).walker()", 'no walker 0: this machine has none'],
    ["machine({ kernel: 'linux-6.12', cpus: 2 }).on(2, () => {})", 'CPUs 0 to 1, no CPU 2']
  ])('%s is refused', async (line, message) => {
    expect(await failure(line)).toContain(message)
  })

  it('that never get through are told of', async () => {
    expect(
      await found(`
const say = (value: unknown) => console.log(JSON.stringify(value))
const m = machine({ kernel: 'linux-6.12.0', cpus: 3, tlb: { withoutHafdbs: [1] } })
m.sysfs.write('hugepages-64kB/enabled', 'always')
const p = m.spawn()
const heap = p.mmap({ bytes: '64KiB' })
heap.write()
p.clearRefs(1)
m.cpu(2).load(heap, 7)
say([m.cpu(1).load(heap, 0).done, m.check().map(({ rule }) => rule)])
try { m.on(1, () => heap.read(0, 1)) } catch (error: any) { say(error.code) }`)
    ).toEqual([[false, ['no-progress']], 'no-progress'])
  })
})

describe('hooks and checks', () => {
  it('let another CPU run where fork drops its locks', async () => {
    const lines = (body: string): string => `${folded()}
heap.munmap(48, 16)
heap.write(16, 32)
const at: number[] = []
m.onLockBreak((lock) => { at.push((lock.address - heap.address) / 4096); ${body} })
const child = p.fork()
m.onLockBreak(undefined)
p.fork()
say(at)`
    expect(await found(lines(''))).toEqual([[16, 32]])
    expect(await found(lines('lock.fill(heap, 47)'))).toEqual([[16, 32]])
    expect(
      await found(lines("try { heap.madvise('dontneed', 0, 1) } catch (error: any) { say(error.code) }"))
    ).toEqual(['mmap-lock-held', 'mmap-lock-held', [16, 32]])
  })

  it('end the call that led to them, once its operation is over', async () => {
    expect(
      await failure(`${folded()}
heap.write()
m.onLockBreak(() => { throw new Error('from the hook') })
p.fork()`)
    ).toBe('12:29 script-error from the hook')
    expect(
      await found(`${folded()}
heap.write()
m.onLockBreak(() => { throw new Error('from the hook') })
try { p.fork() } catch (error: any) { say(error.message) }
say([m.counters.fork, m.check()])`)
    ).toEqual(['from the hook', [1, []]])
  })

  it('may look at a step, and access pages, but not begin anything', async () => {
    expect(
      await found(`${folded('cpus: 2, tlb: {}')}
const told: unknown[] = []
const attempt = (body: () => unknown) => { try { body(); told.push('done') } catch (error: any) { told.push(error.code) } }
let once = true
m.onStep((step) => {
  if (step !== 'entries cleared' || !once) return
  once = false
  for (const body of [() => heap.write(0, 1), () => heap.munmap(0, 1), () => p.fork(), () => p.exit(), () => m.spawn(), () => heap.migrate(0)]) attempt(body)
  told.push(m.cpu(1).load(heap, 0), m.cpu(1).store(heap, 8).done)
})
heap.munmap(0, 4)
say(told)
say([heap.pte(8).kind, m.check()])`)
    ).toEqual([
      [...Array.from({ length: 6 }, () => 'inside-step'), { done: false, pfn: -1, faults: 1 }, true],
      ['page', []]
    ])
  })

  it('let another process fork at a lock break', async () => {
    expect(
      await found(`${folded()}
heap.write()
const q = p.fork()
let batches: unknown
m.onLockBreak((lock) => {
  batches ??= q.fork().batches()
  try { heap.munmap(0, 1) } catch (error: any) { if (error.code !== 'mmap-lock-held') say(error) }
})
const child = p.fork()
say([batches, child.batches(), m.check()])`)
    ).toEqual([[[16, 16, 16, 16], [16, 16, 16, 16], []]])
  })

  it('may not be asynchronous', async () => {
    expect(await failure(`${folded()}\nheap.write()\nm.onLockBreak(async () => {})\np.fork()`)).toMatch(
      /^13:\d+ bad-argument onLockBreak takes a function that ends when it returns/
    )
  })

  it('watch every step', async () => {
    expect(
      await found(`
const say = (value: unknown) => console.log(JSON.stringify(value))
for (const kernel of ['contpte-v2', 'contpte-v3'] as const) {
  const m = machine({ kernel })
  m.sysfs.write('hugepages-64kB/enabled', 'always')
  const p = m.spawn()
  const heap = p.mmap({ bytes: '64KiB' })
  heap.write()
  const watch = m.watch()
  p.fork()
  const found = watch.violation()
  say([found?.rule, found?.during])
  watch.stop()
  say(watch.violation() === undefined)
}`)
    ).toEqual([['refcount-below-mapcount', 'fork: mapping'], true, [null, null], true])
  })
})

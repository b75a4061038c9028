/** Calls about transparent huge pages, made by a script in its sandbox; what they answer is tested in the engine. */
import { describe, expect, it } from 'vitest'
import { DEFAULT_LIMITS } from '../results/types'
import { monotonicMs } from '../run/clock'
import { compileScript } from '../script/compile'
import type { Task } from './messages'
import { Meter, meterMemory } from './meter'
import { runTask } from './task'

const TASK: Task = { kind: 'cell', cell: { index: 0, key: 'k', parameters: {}, seed: 5 } }

/** What a script printed, as JSON; types are checked, too. */
async function said(lines: string): Promise<unknown[]> {
  const text = `import { experiment } from 'contpte-lab'\nexport default experiment({ title: 't', run({ machine }) {\nconst say = (value: unknown) => console.log(JSON.stringify(value))\n${lines}\n} })\n`
  const { code, diagnostics } = await compileScript('x.ts', text)
  expect(diagnostics).toEqual([])
  const init = { file: 'x.ts', text, code: code!, limits: DEFAULT_LIMITS, meter: meterMemory() }
  const { error, console } = await runTask(init, new Meter(init.meter, monotonicMs), TASK, () => undefined)
  expect(error).toBeUndefined()
  return console.map((line) => JSON.parse(line.text) as unknown)
}

describe('transparent huge pages in scripts', () => {
  it('have a shell, one session a machine', async () => {
    const found = await said(`
const m = machine({ kernel: 'linux-6.12' })
say(m.shell('cd hugepages-64kB; echo always > enabled'))
say(m.shell('cat enabled nothing'))
try { m.shell(7 as never) } catch (error) { say((error as { code: string }).code) }`)
    expect(found).toEqual([
      { output: '', errors: '', status: 0 },
      {
        output: '[always] inherit madvise never\ncat: nothing: No such file or directory\n',
        errors: 'cat: nothing: No such file or directory\n',
        status: 1
      },
      'bad-argument'
    ])
  })

  it('meet memory in pieces, compaction and khugepaged', async () => {
    const found = await said(`
const m = machine({ kernel: 'linux-6.12', memory: '64MiB' })
say([m.fragment({ order: 3 }), m.memory().freeBlocks[3], m.memory().unusable[4]])
m.shell('echo always > hugepages-64kB/enabled; echo always > defrag')
const heap = m.spawn().mmap({ bytes: '64KiB' })
heap.write(0, 1)
say([heap.folio(0)?.order, m.memory().events.compact_success, m.memory().folios[4], m.memory().inUse])
try { m.fragment({ order: 11 }) } catch (error) { say((error as { code: string }).code) }
m.shell('echo always > enabled')
const p = m.spawn()
const big = p.mmap({ bytes: '2MiB' })
m.shell('echo never > enabled')
big.write(0, 1)
m.shell('echo always > enabled')
p.mmap({ bytes: '2MiB' }).read(0, 1)
// Below 512 MiB khugepaged/defrag starts as 0: it only wakes kcompactd, and is served the next time.
for (let i = 0; i < 2; i++) {
  const { ranges, scanned } = m.khugepaged()
  say([ranges[0]?.result, ranges[0]?.address === big.address, scanned])
}`)
    expect(found).toEqual([
      [960, 960, 1],
      [4, 1, 1, 16],
      'bad-argument',
      ['alloc-failed', true, 512],
      ['succeed', true, 1024]
    ])
  })

  it('set allocators to work', async () => {
    const found = await said(`
const m = machine({ kernel: 'linux-6.12' })
m.shell('echo always > hugepages-64kB/enabled')
const heap = m.spawn().mmap({ bytes: '16MiB' })
const arena = heap.workload({ kind: 'arena', live: '1MiB', purge: '64KiB', max: '4KiB', decay: 10 })
arena.run(500)
const { operations, livePages, residentPages, stateBytes } = arena.run(500)
say([operations, livePages > 0, residentPages >= livePages, stateBytes > 0, heap.foldedBlocks() > 0])
try { heap.workload({ kind: 'pool' as never }) } catch (error) { say((error as Error).message) }
try { heap.workload({ kind: 'bump', live: '5 apples' as never }) } catch (error) { say((error as { code: string }).code) }`)
    expect(found).toEqual([
      [1000, true, true, true, true],
      'workload: kind must be one of arena, bump, js-heap',
      'bad-argument'
    ])
  })

  it('say what a store would get, and why', async () => {
    const found = await said(`
const m = machine({ kernel: 'linux-6.12' })
m.shell('echo always > hugepages-64kB/enabled')
const heap = m.spawn().mmap({ bytes: '4MiB' })
const { order, sizes } = heap.explain(0)
say([order, sizes.map(({ bytes, reason }) => [bytes / 1024, reason])])
heap.write(0, 1)
say(heap.explain(0).order ?? 'mapped')`)
    expect(found).toEqual([
      [
        4,
        [
          [2048, 'top-never'],
          [1024, 'size-never'],
          [512, 'size-never'],
          [256, 'size-never'],
          [128, 'size-never'],
          [64, 'used'],
          [32, 'size-never'],
          [16, 'size-never']
        ]
      ],
      'mapped'
    ])
  })
})

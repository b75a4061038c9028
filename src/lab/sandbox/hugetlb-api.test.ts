/** `machine.hugetlb` and HugeTLB mappings, used by a script in its sandbox; what they answer is tested in the engine. */
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
  const text = `import { experiment } from 'contpte-lab'\nexport default experiment({ title: 't', run({ machine }) {\nconst say = (value: unknown) => console.log(JSON.stringify(value))\nconst attempt = (body: () => unknown) => { try { body(); say('done') } catch (error) { say((error as { code: string }).code) } }\n${lines}\n} })\n`
  const { code, diagnostics } = await compileScript('x.ts', text)
  expect(diagnostics).toEqual([])
  const init = { file: 'x.ts', text, code: code!, limits: DEFAULT_LIMITS, meter: meterMemory() }
  const { error, console } = await runTask(init, new Meter(init.meter, monotonicMs), TASK, () => undefined)
  expect(error).toBeUndefined()
  return console.map((line) => JSON.parse(line.text) as unknown)
}

describe('HugeTLB in scripts', () => {
  it('pools are read and resized, mappings reserve and fault', async () => {
    const found = await said(`
const m = machine({ kernel: 'linux-6.12', memory: '1GiB' })
say(m.hugetlb.pools().map(({ bytes, entries, level }) => [bytes, entries, level]))
say(m.hugetlb.resize('2MiB', 3))
const p = m.spawn()
const heap = p.mmap({ bytes: '3MiB', huge: '2MiB' })
const { free, reserved } = m.hugetlb.pool('2MiB')
say([heap.length, heap.address % (2 << 20), free, reserved])
heap.write(0, 1)
say([heap.pte(5).kind, heap.folio(5)?.pages, heap.folio(5)?.entireMapcount, m.hugetlb.pool('2MiB').reserved])
attempt(() => p.mmap({ bytes: '4MiB', huge: '2MiB' }))
attempt(() => p.mmap({ bytes: '4MiB', huge: '2MiB', reserve: false }).write())
attempt(() => p.mmap({ bytes: '4MiB', huge: '4MiB' }))
attempt(() => m.hugetlb.pool('4MiB'))
say(m.check())`)
    expect(found).toEqual([
      [
        [65536, 16, 'pte'],
        [2097152, 1, 'pmd'],
        [33554432, 16, 'pmd'],
        [1073741824, 1, 'pud']
      ],
      3,
      [1024, 0, 3, 2],
      ['pmd', 512, 1, 1],
      'ENOMEM',
      'EIO',
      'EINVAL',
      'bad-argument',
      []
    ])
  })

  it('vmemmap is optimised and restored where the machine has it', async () => {
    const found = await said(`
for (const hvo of [false, true]) {
  const m = machine({ kernel: 'linux-6.12', memory: '1GiB', hvo })
  m.hugetlb.resize('2MiB', 2)
  const { vmemmap } = m.hugetlb.pool('2MiB')
  say([vmemmap.pages, vmemmap.freed, vmemmap.optimisable, m.hugetlb.optimise('2MiB')])
  const { present, folios, savedPages, tables } = m.hugetlb.vmemmap()
  say([present, folios, savedPages, tables, m.hugetlb.entries('2MiB').map(({ by }) => by).join(' ')])
  say([m.hugetlb.restore('2MiB'), m.hugetlb.vmemmap().savedPages])
}
say(machine({ kernel: 'linux-6.1.0' }).hugetlb.vmemmap().present)
attempt(() => machine({ kernel: 'linux-6.12' }).hugetlb.entries('2MiB', 0))`)
    expect(found).toEqual([
      [8, 7, false, 0],
      [false, 0, 0, 0, 'leaf leaf leaf leaf leaf leaf leaf leaf'],
      [0, 0],
      [8, 7, true, 2],
      [true, 2, 14, 1, 'own shared shared shared shared shared shared shared'],
      [2, 0],
      true,
      'bad-argument'
    ])
  })
})

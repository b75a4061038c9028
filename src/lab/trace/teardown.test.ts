/** What the Teardown panel is told, event by event: reference teardown.md sections 2, 4 and 5; C = 16. */
import { describe, expect, it } from 'vitest'
import { createMachine } from '../../engine/machine'
import { CellTrace } from './cell-trace'
import { IndexedTrace } from './indexed'
import { stateAt } from './state'

/** An exit of `bytes` in 64K folios, traced. */
function traced(kernel: string, bytes = 128 * 1024) {
  const cell = new CellTrace(1_000_000)
  const machine = createMachine({ kernel, trace: cell.next() })
  cell.machine(machine)
  const step = <T>(title: string, body: () => T): T =>
    cell.operation({ title, name: title, at: 'a.ts:1:1' }, body)
  machine.sysfs.write('hugepages-64kB/enabled', 'always')
  const process = step('spawn', () => machine.spawn())
  const region = step('mmap', () => process.mmap({ bytes, align: 2 ** 21 }))
  step('write', () => region.write())
  const before = cell.log.length
  step('exit', () => process.exit())
  const trace = new IndexedTrace(cell.recording('a.ts', {}))
  const at = (event: number, page = 0) => {
    const address = region.address + 4096 * page
    const { parts } = stateAt(
      trace,
      event,
      [{ what: 'teardown', machine: 0, pid: process.pid, address }],
      undefined
    )
    const [part] = parts
    if (part?.what !== 'teardown') throw new Error('no teardown')
    return part.teardown
  }
  const states = Array.from({ length: trace.events - before }, (_, i) => at(before + 1 + i))
  return { at, before, states }
}

describe('the teardown of a block in a trace', () => {
  it('is not there before it begins, and ends with the address space', () => {
    const { at, before, states } = traced('contpte-v2')
    expect(at(before)).toMatchObject({ block: { rule: 'folded' }, gather: { pages: 0, freedFolios: 0 } })
    expect(at(before).span).toBeUndefined()
    expect(states.at(-1)?.block).toBeUndefined()
  })

  it('v2: entry by entry, safe at each, one gather slot a page, freed only after the last of the exit', () => {
    const { states } = traced('contpte-v2')
    const half = states.filter(({ block }) => block && block.contiguous % 16 !== 0)
    expect(new Set(half.map(({ block }) => block?.contiguous)).size).toBe(15)
    expect(new Set(half.map(({ block, span }) => `${block?.rule} ${span?.kind}`))).toEqual(
      new Set(['case-b exit'])
    )
    expect(Math.max(...states.map(({ gather }) => gather.pages))).toBe(32)
    const most = states.find(({ gather }) => gather.pages === 32)?.gather
    expect(most).toMatchObject({ slots: 32, capacity: 9698, folios: 2, freedFolios: 0 })
    expect(most?.runs.map(({ pages }) => pages)).toEqual([16, 16])
    expect(states.at(-1)?.gather).toMatchObject({ pages: 0 })
  })

  it('6.12: a folio is two slots, and every state is safe', () => {
    const { states } = traced('linux-6.12')
    expect(states.every(({ block }) => block?.safe !== false)).toBe(true)
    const most = states.find(({ gather }) => gather.pages === 32)?.gather
    expect(most).toMatchObject({ slots: 4, folios: 2 })
  })

  it('OnePlus: a block is one slot and one reference', () => {
    const cell = new CellTrace(1_000_000)
    const machine = createMachine({ kernel: 'oneplus-5.15', trace: cell.next() })
    cell.machine(machine)
    const process = machine.spawn()
    const region = process.mmap({ bytes: 2 ** 21, align: 2 ** 21, name: 'libc_malloc' })
    region.write()
    const before = cell.log.length
    process.exit()
    const trace = new IndexedTrace(cell.recording('a.ts', {}))
    const gathers = Array.from({ length: trace.events - before }, (_, i) => {
      const address = region.address
      const part = { what: 'teardown', machine: 0, pid: process.pid, address } as const
      const [state] = stateAt(trace, before + 1 + i, [part], undefined).parts
      return state?.what === 'teardown' ? state.teardown.gather : undefined
    })
    const most = gathers.find((gather) => gather?.pages === 512)
    expect(most).toMatchObject({ slots: 32, folios: 32 })
  })
})

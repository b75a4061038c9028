import { describe, expect, it } from 'vitest'
import { PTE_VIEW_BITS as BIT, type PteView } from '../../protocol/results'
import { folioFigures, headOf } from './folio'
import { accessOf, blockRows, changedEntries, describeFlags, letterOf } from './pte'

const MAPPED = BIT.present | BIT.valid

function view(flags: readonly number[], change: Partial<PteView> = {}): PteView {
  const fill = (value: number) => flags.map(() => value)
  return {
    pid: 1,
    address: 0x10000,
    pageSize: 4096,
    blockEntries: 16,
    total: flags.length,
    flags,
    pfn: flags.map((_, index) => 0x100 + index),
    raw: flags.map((flag) => flag.toString(16)),
    mapcount: fill(1),
    refcount: fill(16),
    order: fill(4),
    exclusive: fill(1),
    summary: { present: 0, writable: 0, readOnly: 0, foldedBlocks: 0 },
    ...change
  }
}
const entries = (count: number, flags: number) => Array.from({ length: count }, () => flags)

describe('the letter of an entry', () => {
  it.each([
    [0, '·', 'none'],
    [MAPPED | BIT.writable, 'W', 'writable'],
    [MAPPED | BIT.readOnly | BIT.dirty | BIT.young, 'R', 'read-only, dirty, young'],
    [MAPPED | BIT.writable | BIT.contiguous, 'W', 'writable, contiguous'],
    [BIT.present, 'P', 'PROT_NONE'],
    [BIT.swap, 'S', 'swap'],
    // A swap offset may set bit 52: the contiguous bit counts on valid entries only.
    [BIT.swap | BIT.contiguous, 'S', 'swap']
  ])('%s is %s', (flags, letter, words) => {
    expect(letterOf(accessOf(flags))).toBe(letter)
    expect(describeFlags(flags)).toBe(words)
  })
})

describe('blockRows', () => {
  const cont = MAPPED | BIT.contiguous

  it('frames blocks whose valid entries are all contiguous', () => {
    const rows = blockRows(view([...entries(16, cont), ...entries(16, MAPPED)]))
    expect(rows.map(({ contiguity, address }) => [contiguity, address])).toEqual([
      ['folded', '0x10000'],
      ['none', '0x20000']
    ])
  })

  it('marks blocks whose valid entries disagree, and counts valid ones only', () => {
    expect(blockRows(view([...entries(8, cont), ...entries(8, MAPPED)]))[0].contiguity).toBe('broken')
    expect(blockRows(view([...entries(8, cont), ...entries(8, 0)]))[0].contiguity).toBe('folded')
  })

  it('aligns rows to blocks by address, not to the start of the VMA', () => {
    const rows = blockRows(view(entries(20, MAPPED), { address: 0x1e000 }))
    expect(rows.map(({ lead, count }) => [lead, count])).toEqual([
      [14, 2],
      [0, 16],
      [0, 2]
    ])
  })
})

it('finds the entries that a step changed', () => {
  const before = view(entries(4, MAPPED | BIT.writable))
  const after = view([MAPPED | BIT.writable, MAPPED, MAPPED | BIT.writable, 0])
  expect([...changedEntries(before, after)]).toEqual([1, 3])
  expect(changedEntries(undefined, after).size).toBe(4)
})

describe('folios', () => {
  it('are told apart by their naturally aligned head', () => {
    expect(headOf(0x105, 4)).toBe(0x100)
    expect(folioFigures(view(entries(32, MAPPED)), 0, 32)).toEqual({
      folios: 2,
      order: '4',
      refcount: '16',
      mapcount: '1',
      exclusive: '32/32'
    })
  })

  it('give a range where they differ, and nothing where nothing is mapped', () => {
    const torn = view([MAPPED, MAPPED, 0], {
      pfn: [1, 2, -1],
      order: [0, 0, 0],
      mapcount: [1, 2, 0],
      exclusive: [1, 0, 0]
    })
    expect(folioFigures(torn, 0, 3)).toMatchObject({ folios: 2, mapcount: '1–2', exclusive: '1/2' })
    expect(folioFigures(torn, 2, 1)).toBeUndefined()
  })
})

import { describe, expect, it } from 'vitest'
import type { TraceSwap, TraceSwapPage } from '../../../protocol/trace'
import { placeAt, placesOf, startAt } from './swap-view'
import { areaText, holderText, pageText, rowsOf, slotsText, tagsText, unlike } from './words'

const gone = { pfn: -1, order: -1, index: -1, slot: -1, past: false, count: 0, held: 'none' } as const
const never = { savedAt: 0, restoredAt: 0, droppedAt: 0, restore: '' }
const out: TraceSwapPage = {
  ...never,
  ...{ pfn: 64, order: 4, index: 0, tags: 5, tagged: true, slot: 512, past: false, count: 2, held: 'cache' },
  saved: 5,
  savedAt: 9
}
const back: TraceSwapPage = {
  ...{ ...gone, ...never, pfn: 65, order: 0, index: 0, tags: '09'.repeat(128), tagged: false },
  ...{ slot: 513, past: true, savedAt: 9, restoredAt: 20, droppedAt: 21, restore: 'copied' }
}
const swap: TraceSwap = {
  ...{ machine: 0, pid: 1, address: 0, pageSize: 4096 },
  design: { name: 'M10', title: 't' },
  mappings: [
    { pid: 1, flags: [128, 7], slots: [512, -1] },
    { pid: 2, flags: [128, 0], slots: [512, -1] }
  ],
  pages: [out, back],
  area: {
    ...{ slots: 4095, used: 1, cached: 1, parked: 2, buffers: 1, bytes: 128, total: 1 },
    runs: [{ slot: 512, slots: 1, count: 2, held: 'cache', folio: 64, saved: 1 }]
  }
}
const letters = (of: TraceSwap) =>
  Object.fromEntries(rowsOf(of).map(({ id, cells }) => [id, cells.map(({ letter }) => letter).join('')]))

describe('words of the MTE swap panel', () => {
  it('say of each page what maps it, its tags, its slot, and what became of the saved ones', () => {
    expect(letters(swap)).toEqual({
      'mm 1': 'SW',
      'mm 2': 'S·',
      tags: '5m',
      flag: 'T·',
      count: '2·',
      cache: 'C·',
      saved: '5·',
      restored: '·C',
      dropped: '·D'
    })
    const rows = rowsOf(swap)
    expect(rows[1].label).toBe('B: mm 2')
    expect(pageText(swap, rows, 0).slice(0, 2)).toEqual([
      'frame 64, page 0 of a folio of order 4',
      'A: mm 1: swap entry of slot 512'
    ])
    expect(pageText(swap, rows, 1)).toContain('slot count: slot 513 was given back')
    expect(tagsText(back.tags ?? 0)).toBe('mixed: tags 0 (128 granules), 9 (128 granules)')
  })

  it('leave tags out where the machine has none', () => {
    const { design: _, ...plain } = swap
    expect(Object.keys(letters(plain))).toEqual(['mm 1', 'mm 2', 'count', 'cache'])
  })

  it('mark cells that are not what they are on the other side, or were', () => {
    const restored = { ...swap, pages: [{ ...out, restore: 'there already', restoredAt: 12 }, back] }
    expect([...unlike(rowsOf(swap), rowsOf(restored))]).toEqual(['restored 0'])
    expect(unlike(rowsOf(swap), undefined).size).toBe(0)
    // A row that only one side has counts where it says something.
    const alone = { ...swap, mappings: swap.mappings.slice(0, 1) }
    expect([...unlike(rowsOf(swap), rowsOf(alone))]).toEqual(['mm 2 0'])
  })

  it('say which slots, and what the area holds', () => {
    expect(slotsText(swap)).toBe('1 page of 2 in slots 512.')
    expect(slotsText({ ...swap, pages: [back] })).toBe('None of these pages has a swap slot.')
    expect(slotsText({ ...swap, pages: [out, { ...out, slot: 513 }, { ...out, slot: 600 }] })).toBe(
      '3 pages of 3 in slots 512 to 513, 600.'
    )
    expect(areaText(swap)).toBe(
      '1 of 4,095 slots in use, 1 of them in the swap cache, 2 held by a slot cache; tags of 1 saved: 128 B.'
    )
    expect(holderText(swap.area.runs[0])).toBe('C · folio 64')
  })

  it('look at tagged regions first, and at aligned pages around an address', () => {
    const vma = { pages: 64, access: 'rw-p', anonVma: 0 }
    const process = { machine: 0, pid: 1, anonPages: 0, filePages: 0, swapEntries: 0 }
    const vmas = [
      { ...vma, address: 0x10000, flags: [] },
      { ...vma, address: 0x200000, flags: ['VM_MTE'] }
    ]
    const places = placesOf([{ ...process, vmas }], 0)
    expect(places.map(({ address }) => address)).toEqual([0x200000, 0x10000])
    const at = { pid: 7, address: 0x200000 + 20 * 4096 }
    expect(placeAt(places, at, 4096)).toBe(places[0])
    expect(startAt(places[0], at, 16, 4096)).toBe(0x210000)
    expect(startAt(places[0], { pid: 1, address: 0x10000 }, 16, 4096)).toBe(0x200000)
    expect(placeAt([], undefined, 4096)).toBeUndefined()
  })
})

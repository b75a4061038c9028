/** The drawing as a table: the same entries for those who read rather than look. */
import type { PteView } from '../../../protocol/results'
import { addressOf, describeFlags } from '../../parts/pte'
import type { CellValue, Column, Table } from '../../parts/grid/table'

const text = (id: string, title: string): Column => ({ id, title, kind: 'parameter' })
const number = (id: string, title: string): Column => ({ id, title, kind: 'value' })

function columnsOf(side: string, prefix: string): Column[] {
  const name = (title: string) => (side ? `${title} · ${side}` : title)
  return [
    text(`${prefix}:state`, name('state')),
    text(`${prefix}:raw`, name('descriptor')),
    number(`${prefix}:pfn`, name('PFN')),
    number(`${prefix}:order`, name('order')),
    number(`${prefix}:refcount`, name('refcount')),
    number(`${prefix}:mapcount`, name('mapcount')),
    text(`${prefix}:exclusive`, name('exclusive'))
  ]
}

function valuesOf(view: PteView | undefined, index: number): CellValue[] {
  if (!view || index >= view.flags.length) return Array.from({ length: 7 }, () => undefined)
  const mapped = view.pfn[index] >= 0
  return [
    describeFlags(view.flags[index]),
    `0x${view.raw[index].padStart(16, '0')}`,
    ...(mapped
      ? [
          view.pfn[index],
          view.order[index],
          view.refcount[index],
          view.mapcount[index],
          view.exclusive[index] ? 'yes' : 'no'
        ]
      : [undefined, undefined, undefined, undefined, undefined])
  ]
}

/** Entries of one region on one or two sides, one line an entry, with a column that marks differences. */
export function entryTable(
  sides: readonly { readonly name: string; readonly view: PteView | undefined }[]
): Table {
  const compared = sides.length > 1
  const first = sides.find(({ view }) => view)?.view
  const lines = Math.max(0, ...sides.map(({ view }) => view?.flags.length ?? 0))
  return {
    columns: [
      number('entry', 'entry'),
      text('address', 'address'),
      ...(compared ? [text('same', 'sides')] : []),
      ...sides.flatMap(({ name }, index) => columnsOf(compared ? name : '', `${index}`))
    ],
    rows: Array.from({ length: lines }, (_, index) => [
      index,
      first && addressOf(first, index),
      ...(compared ? [sides[0].view?.flags[index] === sides[1].view?.flags[index] ? 'same' : 'differ'] : []),
      ...sides.flatMap(({ view }) => valuesOf(view, index))
    ])
  }
}

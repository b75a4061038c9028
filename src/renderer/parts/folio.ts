/** The folios behind a row of entries, in the few words that fit beside it. */
import { PTE_VIEW_BITS, type PteView } from '../../protocol/results'

/** What one row's folios have in common; a figure that varies is a range. */
export interface FolioFigures {
  /** Distinct folios mapped by the row. */
  readonly folios: number
  readonly order: string
  readonly refcount: string
  readonly mapcount: string
  /** Anon-exclusive pages out of present ones, e.g. `16/16`. */
  readonly exclusive: string
}

/** First page frame of the naturally aligned folio of `order` that holds `pfn`. */
export function headOf(pfn: number, order: number): number {
  const pages = 2 ** order
  return Math.floor(pfn / pages) * pages
}

function range(values: readonly number[]): string {
  const low = Math.min(...values)
  const high = Math.max(...values)
  return low === high ? String(low) : `${low}–${high}`
}

/** Figures of the folios mapped by `count` entries from `first`, or `undefined` where none is mapped. */
export function folioFigures(view: PteView, first: number, count: number): FolioFigures | undefined {
  const heads = new Set<number>()
  const mapped: number[] = []
  for (let i = first; i < first + count; i++) {
    if (!(view.flags[i] & PTE_VIEW_BITS.present) || view.pfn[i] < 0) continue
    mapped.push(i)
    heads.add(headOf(view.pfn[i], view.order[i]))
  }
  if (mapped.length === 0) return undefined
  const exclusive = mapped.filter((i) => view.exclusive[i] !== 0).length
  return {
    folios: heads.size,
    order: range(mapped.map((i) => view.order[i])),
    refcount: range(mapped.map((i) => view.refcount[i])),
    mapcount: range(mapped.map((i) => view.mapcount[i])),
    exclusive: `${exclusive}/${mapped.length}`
  }
}

/** The figures as one line of words, for tooltips and screen readers. */
export function describeFolios(figures: FolioFigures | undefined): string {
  if (!figures) return 'no folio'
  const what = figures.folios === 1 ? '1 folio' : `${figures.folios} folios`
  return `${what}, order ${figures.order}, refcount ${figures.refcount}, mapcount ${figures.mapcount}, anon-exclusive ${figures.exclusive === '1/1' ? 'yes' : figures.exclusive === '0/1' ? 'no' : figures.exclusive}`
}

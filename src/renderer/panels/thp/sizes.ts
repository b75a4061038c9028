/** Folio sizes as the heat map and its legend show them: by order, a letter and a fill each. */
export interface SizeLook {
  readonly letter: string
  readonly token: string
  readonly name: string
}

/** `64 KiB`, `2 MiB`: exact, sizes are powers of two. */
export function sizeText(bytes: number): string {
  return bytes >= 2 ** 20 ? `${bytes / 2 ** 20} MiB` : `${bytes / 1024} KiB`
}

const FILLS = ['chart-1', 'chart-2', 'chart-3', 'chart-4', 'chart-5', 'chart-6'] as const

/** What an order looks like: single pages, sizes below a contpte block, the block, above it, PMD. */
export function lookOf(order: number, pageSize: number, blockOrder: number, pmdOrder: number): SizeLook {
  if (order === -1) return { letter: '·', token: 'fill-none', name: 'nothing' }
  if (order === -2) return { letter: 'z', token: 'fill-readonly', name: 'page of zeroes' }
  const name = sizeText(pageSize * 2 ** order)
  const letter = order < 10 ? String(order) : String.fromCharCode(87 + order)
  const step = order === 0 ? 0 : order < blockOrder ? 1 : order === blockOrder ? 2 : order < pmdOrder ? 3 : 4
  return { letter, token: FILLS[step], name }
}

/** Runs of equal orders, for the table beside the map. */
export function runsOf(orders: readonly number[]): { from: number; to: number; order: number }[] {
  const runs: { from: number; to: number; order: number }[] = []
  orders.forEach((order, at) => {
    const last = runs.at(-1)
    if (last?.order === order) last.to = at
    else runs.push({ from: at, to: at, order })
  })
  return runs
}

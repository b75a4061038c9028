/** Where entries lie on the canvas at a zoom: bands of whole blocks, from left to right, then down. */

/** Pixels an entry is wide, from far to near; below one, a block is a column of 1 to 8 pixels. */
export const ZOOMS = [1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8, 14, 20] as const

/** From here on an entry carries its letter. */
export const LETTERS_FROM = 14

export interface CanvasLayout {
  readonly perEntry: number
  /** Entries in a band, a whole number of blocks. */
  readonly perBand: number
  /** Pixels from one band to the next, and how much of them is drawn. */
  readonly pitch: number
  readonly height: number
  readonly bands: number
  /** Pixels of all bands together. */
  readonly total: number
}

/** Lays `entries` entries out in `width` pixels. A block wider than that has a band of its own. */
export function layOut(entries: number, blockEntries: number, width: number, zoom: number): CanvasLayout {
  const perEntry = ZOOMS[Math.max(0, Math.min(ZOOMS.length - 1, zoom))]
  const blocks = Math.max(1, Math.floor(width / (perEntry * blockEntries)))
  const perBand = blocks * blockEntries
  const near = perEntry >= LETTERS_FROM
  const pitch = near ? 24 : 14
  const bands = Math.max(1, Math.ceil(entries / perBand))
  return { perEntry, perBand, pitch, height: near ? 18 : 12, bands, total: bands * pitch }
}

/** The zoom at which all entries fit into a box, or the farthest. */
export function fittingZoom(entries: number, blockEntries: number, width: number, height: number): number {
  for (let zoom = ZOOMS.length - 1; zoom > 0; zoom--) {
    if (blockEntries * ZOOMS[zoom] <= width && layOut(entries, blockEntries, width, zoom).total <= height)
      return zoom
  }
  return 0
}

/** The entry at a point of the whole drawing, if there is one. */
export function entryAt(layout: CanvasLayout, entries: number, x: number, y: number): number | undefined {
  const column = Math.floor(x / layout.perEntry)
  if (column < 0 || column >= layout.perBand || y < 0) return undefined
  const entry = Math.floor(y / layout.pitch) * layout.perBand + column
  return entry < entries ? entry : undefined
}

/** Where an entry's left upper corner lies. */
export function placeOf(layout: CanvasLayout, entry: number): { readonly x: number; readonly y: number } {
  return {
    x: (entry % layout.perBand) * layout.perEntry,
    y: Math.floor(entry / layout.perBand) * layout.pitch
  }
}

import { ref } from 'vue'
import * as v from 'valibot'
import type { RunBookmark, RunRecord } from '../../protocol/services'
import { parametersText } from '../parts/parameters'

/** A position to come back to. It is kept with the window's state, by script and cell. */
export interface Bookmark {
  /** File of the experiment, and the cell's parameters as `name=value, ...`. */
  readonly file: string
  readonly cell: string
  readonly event: number
  readonly note: string
}

/** Bookmarks kept at most; the oldest go first. */
const KEPT = 200

/** What is read back from the window's state; a broken one costs only itself. */
export const bookmarksSchema = v.fallback(
  v.pipe(
    v.array(
      v.object({
        file: v.pipe(v.string(), v.maxLength(512)),
        cell: v.pipe(v.string(), v.maxLength(4096)),
        event: v.pipe(v.number(), v.integer(), v.minValue(0)),
        note: v.pipe(v.string(), v.maxLength(1000))
      })
    ),
    v.maxLength(KEPT)
  ),
  []
)

/** All bookmarks, in order of their making. */
export const bookmarks = ref<readonly Bookmark[]>([])

/** Adds one, or gives the one that is there another note. */
export function keepBookmark(bookmark: Bookmark): void {
  bookmarks.value = [...bookmarks.value.filter((known) => !same(known, bookmark)), bookmark].slice(-KEPT)
}

export function dropBookmark(bookmark: Bookmark): void {
  bookmarks.value = bookmarks.value.filter((known) => !same(known, bookmark))
}

const same = (a: Bookmark, b: Bookmark) => a.file === b.file && a.cell === b.cell && a.event === b.event

/** Those of a run's cells, as its bundle holds them. */
export function bookmarksOf({ file, cells }: Pick<RunRecord, 'file' | 'cells'>): RunBookmark[] {
  const own = bookmarks.value.filter((known) => known.file === file)
  if (own.length === 0) return []
  return cells.flatMap(({ parameters }, cell) => {
    const name = parametersText(parameters)
    return own.filter((known) => known.cell === name).map(({ event, note }) => ({ cell, event, note }))
  })
}

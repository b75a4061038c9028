import * as v from 'valibot'
import { DEFAULT_LIMITS } from '../../protocol/results'
import { DEFAULT_SETTINGS } from '../stores/settings'
import { SIDEBAR_WIDTH } from '../stores/shell'
import { bookmarksSchema } from '../step/bookmarks'

/** Bounds of the settings, shown beside their fields. */
export const BOUNDS = {
  editorFontSize: { least: 8, most: 32 },
  workers: { least: 0, most: 256 },
  seed: { least: 0, most: 2 ** 32 - 1 },
  scriptMs: { least: 100, most: 3_600_000 },
  memoryBytes: { least: 32 * 2 ** 20, most: 4 * 2 ** 30 },
  outputBytes: { least: 2 ** 10, most: 2 ** 30 },
  traceEvents: { least: 100, most: 10_000_000 }
} as const

const within = ({ least, most }: { readonly least: number; readonly most: number }) =>
  v.pipe(v.number(), v.minValue(least), v.maxValue(most))
const wholeWithin = (bounds: { readonly least: number; readonly most: number }) =>
  v.pipe(within(bounds), v.integer())

// Each field falls back by itself: one bad value must not cost the others.
const settings = v.fallback(
  v.object({
    theme: v.fallback(v.picklist(['system', 'dark', 'light', 'high-contrast']), DEFAULT_SETTINGS.theme),
    editorFontSize: v.fallback(within(BOUNDS.editorFontSize), DEFAULT_SETTINGS.editorFontSize),
    editorFontFamily: v.fallback(v.pipe(v.string(), v.maxLength(200)), DEFAULT_SETTINGS.editorFontFamily),
    ligatures: v.fallback(v.boolean(), DEFAULT_SETTINGS.ligatures),
    workers: v.fallback(wholeWithin(BOUNDS.workers), DEFAULT_SETTINGS.workers),
    seed: v.fallback(wholeWithin(BOUNDS.seed), DEFAULT_SETTINGS.seed),
    traceEvents: v.fallback(wholeWithin(BOUNDS.traceEvents), DEFAULT_SETTINGS.traceEvents),
    traceRuns: v.fallback(v.boolean(), DEFAULT_SETTINGS.traceRuns),
    limits: v.fallback(
      v.object({
        scriptMs: v.fallback(wholeWithin(BOUNDS.scriptMs), DEFAULT_LIMITS.scriptMs),
        memoryBytes: v.fallback(wholeWithin(BOUNDS.memoryBytes), DEFAULT_LIMITS.memoryBytes),
        outputBytes: v.fallback(wholeWithin(BOUNDS.outputBytes), DEFAULT_LIMITS.outputBytes)
      }),
      DEFAULT_LIMITS
    )
  }),
  DEFAULT_SETTINGS
)

const names = v.fallback(v.pipe(v.array(v.string()), v.maxLength(200)), [])

const windowState = v.object({
  settings,
  preset: v.fallback(v.picklist(['write', 'step', 'compare']), 'write'),
  /** Arrangement by preset, as dockview gives it; checked again where it is used. */
  layouts: v.fallback(v.record(v.string(), v.unknown()), {}),
  sidebarOpen: v.fallback(v.boolean(), true),
  sidebarWidth: v.fallback(within(SIDEBAR_WIDTH), SIDEBAR_WIDTH.usual),
  /** Experiments open in tabs, in order, and the one in front. */
  open: names,
  front: v.fallback(v.optional(v.string()), undefined),
  recent: names,
  bookmarks: bookmarksSchema
})

/** What is kept between two starts of a window. */
export type WindowState = v.InferOutput<typeof windowState>

/** Reads stored state; whatever is missing or not as it should be takes its default. */
export function readWindowState(stored: unknown): WindowState {
  const object = typeof stored === 'object' && stored !== null ? stored : {}
  return v.parse(windowState, { settings: {}, layouts: {}, ...object })
}

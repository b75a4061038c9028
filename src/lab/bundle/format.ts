/**
 * What a bundle holds. A bundle is a zip; its bytes are a function of script, parameters, seed and
 * engine alone. Since schema `contpte-lab/bundle@1`; fields are added, never renamed.
 */
import { MAX_BOOKMARKS, MAX_NOTE_CHARS, MAX_TRACE_EVENTS } from '../../protocol/limits'
import type { RunBookmark } from '../../protocol/services'
import * as v from 'valibot'

export const BUNDLE_SCHEMA = 'contpte-lab/bundle@1'

/** Paths inside the zip. */
export const PATHS = {
  /** What the bundle is and the SHA-256 of every other file. */
  manifest: 'manifest.json',
  /** Folder of the script; the file keeps its name, because positions name it. */
  script: 'experiment/',
  /** The sweep that was run, and the seed. */
  parameters: 'parameters.json',
  /** Rows as a table. */
  csv: 'results.csv',
  /** The run document, as `run --json` prints it. */
  results: 'results.json',
  /** Expectations alone. */
  expectations: 'expectations.json',
  /** Engine, API, kernels, cost profiles: what the results are a function of beside the script. */
  environment: 'environment.json',
  /** Folder of the cells' traces, where the run keeps them: `cell-0.json`, as Perfetto opens it. */
  traces: 'traces/',
  /** Positions in traces that somebody wants to come back to, with notes. */
  bookmarks: 'bookmarks.json',
  /** Folder of charts: `01-name.vl.json` and `01-name.svg`. */
  charts: 'charts/'
} as const

const path = v.pipe(v.string(), v.minLength(1), v.maxLength(400))
const sha256 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))
const bytes = v.pipe(v.number(), v.safeInteger(), v.minValue(0))

/** `manifest.json`. */
export const ManifestSchema = v.strictObject({
  schema: v.literal(BUNDLE_SCHEMA),
  /** Path of the script in the zip. */
  script: path,
  engine: v.strictObject({ version: v.pipe(v.string(), v.maxLength(100)), hash: sha256 }),
  /** Every other file, sorted by path. */
  files: v.pipe(v.array(v.strictObject({ path, bytes, sha256 })), v.maxLength(10_000))
})
export type Manifest = v.InferOutput<typeof ManifestSchema>

const parameterValue = v.union([
  v.pipe(v.string(), v.maxLength(1_000_000)),
  v.pipe(v.number(), v.finite()),
  v.boolean()
])

/** `parameters.json`. */
export const ParametersSchema = v.strictObject({
  seed: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  /** Parameter name to the values that were swept, in the order of declaration. */
  parameters: v.record(
    v.pipe(v.string(), v.maxLength(512)),
    v.pipe(v.array(parameterValue), v.maxLength(100_000))
  ),
  /** Set where the cells were traced: events of each trace at most. */
  trace: v.optional(
    v.strictObject({
      limit: v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(MAX_TRACE_EVENTS))
    })
  )
})
export type BundleParameters = v.InferOutput<typeof ParametersSchema>

/** `bookmarks.json`: by cell, then by event. They are given, not computed: a re-run takes them over. */
export const BookmarksSchema: v.GenericSchema<unknown, RunBookmark[]> = v.pipe(
  v.array(
    v.strictObject({
      cell: bytes,
      event: v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(MAX_TRACE_EVENTS)),
      note: v.pipe(v.string(), v.maxLength(MAX_NOTE_CHARS))
    })
  ),
  v.maxLength(MAX_BOOKMARKS)
)

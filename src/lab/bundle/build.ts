/** Builds a bundle: a function of the run's script, parameters, seed and results, of nothing else. */
import { createHash } from 'node:crypto'
import type { RunBookmark, RunRecord } from '../../protocol/services'
import { KERNELS } from '../../engine/kernel'
import canonicalize from 'canonicalize'
import { LabError, problem } from '../diagnostic'
import { rowsCsv } from '../results/csv'
import { documentText, runDocument } from '../results/document'
import type { Chart, ParameterValue } from '../results/types'
import { API_VERSION } from '../run/cell-key'
import { COST_PROFILES, costProfileHash } from '../sandbox/profiles'
import type { Checker } from '../script/checker'
import { experimentName, scriptFileName } from '../script/file-name'
import { MAX_FILE_BYTES, MAX_TOTAL_BYTES } from './read-zip'
import { BUNDLE_SCHEMA, PATHS, type BundleParameters, type Manifest } from './format'
import { zipFiles, type BundleFile } from './zip'

export interface Bundle {
  /** File name to offer: `fork-batching.zip`. */
  readonly name: string
  readonly bytes: Uint8Array
  /** SHA-256 of the zip, hexadecimal. */
  readonly sha256: string
}

/** SHA-256, hexadecimal. */
export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function file(path: string, content: string): BundleFile {
  return { path, bytes: new TextEncoder().encode(content) }
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}

/** The values each parameter really took, in the order of declaration. */
export function sweptParameters(record: RunRecord): BundleParameters['parameters'] {
  const names = Object.keys(record.header?.parameters ?? {})
  const values = names.map((name): [string, ParameterValue[]] => [
    name,
    [...new Set(record.cells.map((cell) => cell.parameters[name]))]
  ])
  return Object.fromEntries(values)
}

/** What results depend on beside the script: the same for every run of one build. */
function environment(record: RunRecord): unknown {
  return {
    engine: record.engine,
    apiVersion: API_VERSION,
    kernels: KERNELS.map((kernel) => ({ name: kernel.name, sha256: sha256(canonicalize(kernel) ?? '') })),
    costProfiles: COST_PROFILES.map((profile) => ({ name: profile.name, sha256: costProfileHash(profile) }))
  }
}

/** `01-fork-by-cpus`: numbered, so that two charts of one name stay two files. */
function chartName(name: string, index: number): string {
  const slug = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 60)
  return `${String(index + 1).padStart(2, '0')}${slug === '' ? '' : `-${slug}`}`
}

async function chartFiles(charts: readonly Chart[], checker: Checker): Promise<BundleFile[]> {
  const files: BundleFile[] = []
  for (const [index, chart] of charts.entries()) {
    const { svg, diagnostics } = await checker.chart(chart)
    if (svg === undefined) throw new LabError(diagnostics[0])
    const name = `${PATHS.charts}${chartName(chart.name, index)}`
    files.push(file(`${name}.svg`, svg), file(`${name}.vl.json`, json(chart.spec)))
  }
  return files
}

/** What a bundle holds beside the run's own results. */
export interface BundleExtras {
  /** Positions in the cells' traces. */
  readonly bookmarks?: readonly RunBookmark[]
  /** The trace of a cell as Chrome trace-event JSON; asked only for runs that keep traces. */
  readonly trace?: (cell: number) => Promise<Uint8Array>
}

async function traceFiles(record: RunRecord, { trace }: BundleExtras): Promise<BundleFile[]> {
  if (record.trace === undefined || trace === undefined) return []
  const files: BundleFile[] = []
  let total = 0
  for (const cell of record.cells.keys()) {
    const bytes = await trace(cell)
    total += bytes.length
    // What nobody could read again is not written.
    if (bytes.length > MAX_FILE_BYTES || total > MAX_TOTAL_BYTES / 2)
      throw new LabError(
        problem(
          'bundle-too-large',
          `the trace of cell ${cell} has ${bytes.length} bytes, too many for a bundle`,
          {
            hint: 'Run with fewer events a trace, or with fewer cells.'
          }
        )
      )
    files.push({ path: `${PATHS.traces}cell-${cell}.json`, bytes })
  }
  return files
}

function bookmarkFiles({ bookmarks = [] }: BundleExtras): BundleFile[] {
  if (bookmarks.length === 0) return []
  const sorted = [...bookmarks]
    .sort((a, b) => a.cell - b.cell || a.event - b.event || (a.note < b.note ? -1 : 1))
    .map(({ cell, event, note }) => ({ cell, event, note }))
  return [file(PATHS.bookmarks, json(sorted))]
}

/**
 * The bundle of a finished run.
 * @throws LabError `bundle-unfinished` for any other run, `bad-chart`, `bundle-too-large`
 */
export async function buildBundle(
  record: RunRecord,
  checker: Checker,
  extras: BundleExtras = {}
): Promise<Bundle> {
  if (record.status !== 'finished') {
    throw new LabError(
      problem('bundle-unfinished', `only a finished run has a bundle; this one is ${record.status}`)
    )
  }
  const name = scriptFileName(record.file)
  const script = `${PATHS.script}${name}`
  const limit = record.trace?.limit
  const parameters: BundleParameters = {
    seed: record.seed,
    parameters: sweptParameters(record),
    ...(limit === undefined ? {} : { trace: { limit } })
  }
  const document = runDocument(record)
  const files = [
    file(script, record.text),
    file(PATHS.parameters, json(parameters)),
    file(PATHS.csv, rowsCsv(Object.keys(parameters.parameters), document.rows)),
    file(PATHS.results, documentText(document)),
    file(PATHS.expectations, json(document.expectations)),
    file(PATHS.environment, json(environment(record))),
    ...(await chartFiles(record.charts, checker)),
    ...(await traceFiles(record, extras)),
    ...bookmarkFiles(extras)
  ].sort((a, b) => (a.path < b.path ? -1 : 1))
  const manifest: Manifest = {
    schema: BUNDLE_SCHEMA,
    script,
    engine: record.engine,
    files: files.map(({ path, bytes }) => ({ path, bytes: bytes.length, sha256: sha256(bytes) }))
  }
  const bytes = zipFiles([...files, file(PATHS.manifest, json(manifest))])
  return { name: `${experimentName(name)}.zip`, bytes, sha256: sha256(bytes) }
}

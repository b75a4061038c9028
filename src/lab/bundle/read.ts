/** Reads a bundle as data: nothing of it runs here. */
import * as v from 'valibot'
import { LabError, problem } from '../diagnostic'
import { MAX_SCRIPT_CHARS } from '../limits'
import { scriptFileName } from '../script/file-name'
import { sha256 } from './build'
import type { RunBookmark } from '../../protocol/services'
import {
  BookmarksSchema,
  ManifestSchema,
  ParametersSchema,
  PATHS,
  type BundleParameters,
  type Manifest
} from './format'
import { readZip } from './read-zip'

/** JSON beyond this is no manifest of ours. */
const MAX_JSON_BYTES = 16 * 1024 * 1024

/** One way a bundle differs from what its manifest, or a re-run, says. */
export interface Difference {
  readonly path: string
  /** What differs first, in words: a line of a text, a byte of anything else. */
  readonly what: string
}

export interface OpenBundle {
  readonly files: ReadonlyMap<string, Uint8Array>
  readonly manifest: Manifest
  readonly parameters: BundleParameters
  /** File name of the script. */
  readonly scriptName: string
  readonly script: string
  /** Positions in traces; none where the bundle has no list of them. */
  readonly bookmarks: readonly RunBookmark[]
  /** Files that are not what the manifest says. */
  readonly differences: readonly Difference[]
}

function text(files: ReadonlyMap<string, Uint8Array>, path: string): string {
  const bytes = files.get(path)
  if (!bytes) throw new LabError(problem('bundle-damaged', `${path}: it is missing`, { file: path }))
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new LabError(problem('bundle-damaged', `${path}: it is not UTF-8 text`, { file: path }))
  }
}

function parsed<T>(
  files: ReadonlyMap<string, Uint8Array>,
  path: string,
  schema: v.GenericSchema<unknown, T>
): T {
  const source = text(files, path)
  const broken = (why: string): LabError =>
    new LabError(problem('bundle-damaged', `${path}: ${why}`, { file: path }))
  if (source.length > MAX_JSON_BYTES) throw broken(`it has more than ${MAX_JSON_BYTES} characters`)
  let value: unknown
  try {
    value = JSON.parse(source)
  } catch {
    throw broken('it is not JSON')
  }
  const result = v.safeParse(schema, value, { abortEarly: true })
  if (result.success) return result.output
  const [issue] = result.issues
  throw broken(`${v.getDotPath(issue) ?? 'it'}: ${issue.message}`)
}

function againstManifest(files: ReadonlyMap<string, Uint8Array>, manifest: Manifest): Difference[] {
  const listed = new Set(manifest.files.map(({ path }) => path))
  const differences = manifest.files.flatMap(({ path, bytes, sha256: hash }) => {
    const found = files.get(path)
    if (!found) return [{ path, what: 'the manifest lists it, the bundle does not have it' }]
    if (found.length !== bytes)
      return [{ path, what: `has ${found.length} bytes, the manifest says ${bytes}` }]
    return sha256(found) === hash ? [] : [{ path, what: 'its SHA-256 is not the one in the manifest' }]
  })
  for (const path of files.keys()) {
    if (path !== PATHS.manifest && !listed.has(path))
      differences.push({ path, what: 'the manifest does not list it' })
  }
  return differences
}

function isScriptName(name: string): boolean {
  try {
    return scriptFileName(name) === name
  } catch {
    return false
  }
}

/**
 * Opens a bundle.
 * @throws LabError `bundle-unreadable`, `bundle-damaged`, `bundle-refused`
 */
export function openBundle(bytes: Uint8Array): OpenBundle {
  const files = readZip(bytes)
  const manifest = parsed(files, PATHS.manifest, ManifestSchema)
  const parameters = parsed(files, PATHS.parameters, ParametersSchema)
  const bookmarks = files.has(PATHS.bookmarks) ? parsed(files, PATHS.bookmarks, BookmarksSchema) : []
  const scriptName = manifest.script.slice(PATHS.script.length)
  if (manifest.script !== `${PATHS.script}${scriptName}` || !isScriptName(scriptName)) {
    throw new LabError(
      problem('bundle-damaged', `${PATHS.manifest}: '${manifest.script}' is no place for the script`)
    )
  }
  const script = text(files, manifest.script)
  if (script.length > MAX_SCRIPT_CHARS) {
    throw new LabError(
      problem('bundle-refused', `refused: the script has more than ${MAX_SCRIPT_CHARS} characters`)
    )
  }
  const differences = againstManifest(files, manifest)
  return { files, manifest, parameters, scriptName, script, bookmarks, differences }
}

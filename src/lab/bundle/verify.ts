/** Runs a bundle's script again and compares every byte. */
import type { RunHandle } from '../run/types'
import type { RunBookmark, RunRecord, RunRequest } from '../../protocol/services'
import { ENGINE } from '../run/state'
import type { Diagnostic } from '../results/types'
import type { Bundle } from './build'
import { openBundle, type Difference } from './read'
import { readZip } from './read-zip'

export interface VerifyResult {
  /** `same`: every byte; `different`: the bundle is readable but not what its script gives here; `failed`: its script does not run here. */
  readonly verdict: 'same' | 'different' | 'failed' | 'cancelled'
  /** Set when the bundle was made by another engine than ours: then differences are likely. */
  readonly otherEngine?: { readonly version: string; readonly hash: string }
  /** Every file of the bundle, sorted, and what differs first in it. */
  readonly files: readonly { readonly path: string; readonly difference?: string }[]
  /** Why the script did not run. */
  readonly diagnostics: readonly Diagnostic[]
}

/** What `verify` needs of a laboratory. */
export interface Verifier {
  startRun(request: RunRequest): RunHandle
  bundle(record: RunRecord, bookmarks?: readonly RunBookmark[]): Promise<Bundle>
}

const MAX_SHOWN = 120

function shown(line: string | undefined): string {
  if (line === undefined) return 'nothing'
  const short = line.trim().replace(/,$/, '')
  return short.length <= MAX_SHOWN ? short : `${short.slice(0, MAX_SHOWN - 1)}…`
}

/** The first difference of two files, as a line of text where both are text. */
export function firstDifference(here: Uint8Array, there: Uint8Array): string | undefined {
  if (Buffer.compare(here, there) === 0) return undefined
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true })
    const [a, b] = [decoder.decode(here).split('\n'), decoder.decode(there).split('\n')]
    const line = a.findIndex((text, index) => text !== b[index])
    const at = line === -1 ? a.length : line
    if (shown(a[at]) !== shown(b[at]))
      return `line ${at + 1}: the bundle has ${shown(a[at])}, the re-run ${shown(b[at])}`
  } catch {
    // Not text: bytes it is.
  }
  let byte = 0
  while (byte < here.length && here[byte] === there[byte]) byte++
  return `byte ${byte} differs`
}

function compared(bytes: Uint8Array, again: Bundle, damaged: readonly Difference[]): VerifyResult['files'] {
  const [here, there] = [readZip(bytes), readZip(again.bytes)]
  const paths = [...new Set([...here.keys(), ...there.keys()])].sort((a, b) => (a < b ? -1 : 1))
  return paths.map((path) => {
    const [a, b] = [here.get(path), there.get(path)]
    const manifest = damaged.find((one) => one.path === path)
    const difference =
      a && b
        ? firstDifference(a, b)
        : a
          ? 'the re-run does not make this file'
          : 'the bundle does not have this file'
    if (difference !== undefined)
      return { path, difference: manifest ? `${difference} (${manifest.what})` : difference }
    return manifest ? { path, difference: manifest.what } : { path }
  })
}

/**
 * Verifies a bundle: manifest, re-run with the bundle's own parameters and seed, rebuild, bytes.
 *
 * @param options limits and workers of the re-run; the bundle cannot ask for any
 * @throws LabError `bundle-unreadable`, `bundle-damaged`, `bundle-refused`
 */
export async function verifyBundle(
  bytes: Uint8Array,
  lab: Verifier,
  options: Pick<RunRequest, 'limits' | 'workers'> & { readonly follow?: (handle: RunHandle) => void } = {}
): Promise<VerifyResult> {
  const { manifest, parameters, script, scriptName, bookmarks, differences } = openBundle(bytes)
  const { follow, ...request } = options
  const run = lab.startRun({ ...request, file: scriptName, text: script, ...parameters, check: false })
  follow?.(run)
  const record = await run.done
  const { hash } = manifest.engine
  const engine = hash === ENGINE.hash ? {} : { otherEngine: manifest.engine }
  if (record.status !== 'finished') {
    const files = differences.map(({ path, what }) => ({ path, difference: what }))
    const verdict = record.status === 'cancelled' ? 'cancelled' : 'failed'
    return { verdict, ...engine, files, diagnostics: record.diagnostics }
  }
  const again = await lab.bundle(record, bookmarks)
  const files = compared(bytes, again, differences)
  const sameFiles = files.every(({ difference }) => difference === undefined)
  const sameBytes = Buffer.compare(bytes, again.bytes) === 0
  if (sameFiles && !sameBytes) {
    const packing = {
      path: 'the zip itself',
      difference: `${firstByte(bytes, again.bytes)}; every file in it is the same`
    }
    return { verdict: 'different', ...engine, files: [...files, packing], diagnostics: [] }
  }
  return { verdict: sameBytes ? 'same' : 'different', ...engine, files, diagnostics: [] }
}

function firstByte(a: Uint8Array, b: Uint8Array): string {
  let byte = 0
  while (byte < a.length && a[byte] === b[byte]) byte++
  return `byte ${byte} differs`
}

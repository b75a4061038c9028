/**
 * Reads a zip from a stranger: nothing is trusted, nothing is written anywhere, and every refusal says
 * why. Formats after PKWARE's APPNOTE 6.3: end record, central directory, local headers.
 */
import { crc32, inflateRawSync } from 'node:zlib'
import { LabError, problem } from '../diagnostic'

export const MAX_BUNDLE_BYTES = 256 * 1024 * 1024
export const MAX_FILES = 10_000
export const MAX_FILE_BYTES = 256 * 1024 * 1024
export const MAX_TOTAL_BYTES = 512 * 1024 * 1024
const MAX_PATH_CHARS = 400

const END = 0x06054b50
const CENTRAL = 0x02014b50
const LOCAL = 0x04034b50
const END_BYTES = 22
const CENTRAL_BYTES = 46
const LOCAL_BYTES = 30
const ENCRYPTED = 0x41
const STORED = 0
const DEFLATED = 8
const UNIX = 3
const FILE_TYPE = 0xf000
const REGULAR = 0x8000

function unreadable(why: string): LabError {
  return new LabError(problem('bundle-unreadable', `this is not a readable bundle: ${why}`))
}

function damaged(path: string, why: string): LabError {
  return new LabError(problem('bundle-damaged', `${path}: ${why}`, { file: path }))
}

function refused(path: string, why: string): LabError {
  const hint = 'contpte-lab never writes such a bundle; nothing of it was used.'
  return new LabError(problem('bundle-refused', `refused: ${JSON.stringify(path)} ${why}`, { hint }))
}

interface Entry {
  readonly path: string
  readonly method: number
  readonly crc: number
  readonly packed: number
  readonly size: number
  readonly offset: number
}

function endRecord(view: DataView): number {
  const last = view.byteLength - END_BYTES
  for (let at = last; at >= Math.max(0, last - 0xffff); at--) {
    if (
      view.getUint32(at, true) === END &&
      at + END_BYTES + view.getUint16(at + 20, true) === view.byteLength
    )
      return at
  }
  throw unreadable('it has no end record, so it is no zip or was cut off')
}

function checkedPath(path: string, seen: Set<string>): string {
  if (path.length > MAX_PATH_CHARS)
    throw refused(path.slice(0, 40), `has more than ${MAX_PATH_CHARS} characters`)
  if (/[\p{C}\\:]/u.test(path)) throw refused(path, 'has a character that no path of a bundle has')
  if (path.startsWith('/') || path.split('/').some((part) => part === '..' || part === '.' || part === '')) {
    throw refused(path, 'leads out of the bundle')
  }
  const folded = path.normalize('NFC').toLowerCase()
  if (seen.has(folded)) throw refused(path, 'is there twice')
  seen.add(folded)
  return path
}

function centralEntry(view: DataView, at: number, seen: Set<string>): { entry: Entry; next: number } {
  if (at + CENTRAL_BYTES > view.byteLength || view.getUint32(at, true) !== CENTRAL) {
    throw unreadable('its directory is broken')
  }
  const u16 = (offset: number): number => view.getUint16(at + offset, true)
  const u32 = (offset: number): number => view.getUint32(at + offset, true)
  const next = at + CENTRAL_BYTES + u16(28) + u16(30) + u16(32)
  if (next > view.byteLength) throw unreadable('its directory is broken')
  const name = new Uint8Array(view.buffer, view.byteOffset + at + CENTRAL_BYTES, u16(28))
  let decoded: string
  try {
    decoded = new TextDecoder('utf-8', { fatal: true }).decode(name)
  } catch {
    throw unreadable('a file name is not UTF-8')
  }
  const path = checkedPath(decoded, seen)
  const type = (u32(38) >>> 16) & FILE_TYPE
  if (u16(4) >>> 8 === UNIX && type !== 0 && type !== REGULAR)
    throw refused(path, 'is a link or a special file')
  if ((u16(8) & ENCRYPTED) !== 0) throw refused(path, 'is encrypted')
  const entry: Entry = {
    path,
    method: u16(10),
    crc: u32(16),
    packed: u32(20),
    size: u32(24),
    offset: u32(42)
  }
  if (entry.method !== STORED && entry.method !== DEFLATED)
    throw refused(path, `is packed by method ${entry.method}`)
  if (entry.size > MAX_FILE_BYTES) throw refused(path, `is larger than ${MAX_FILE_BYTES} bytes`)
  return { entry, next }
}

function content(
  bytes: Uint8Array,
  view: DataView,
  entry: Entry,
  directory: number,
  taken: [number, number][]
): Uint8Array {
  const { path, offset, packed, size, method, crc } = entry
  if (offset + LOCAL_BYTES > directory || view.getUint32(offset, true) !== LOCAL)
    throw damaged(path, 'its header is missing')
  const nameBytes = view.getUint16(offset + 26, true)
  const name = bytes.subarray(offset + LOCAL_BYTES, offset + LOCAL_BYTES + nameBytes)
  if (new TextDecoder().decode(name) !== path) throw damaged(path, 'its header has another name')
  const start = offset + LOCAL_BYTES + nameBytes + view.getUint16(offset + 28, true)
  const end = start + packed
  if (end > directory) throw damaged(path, 'its data leave the bundle')
  if (taken.some(([from, to]) => offset < to && end > from))
    throw refused(path, 'shares its data with another file')
  taken.push([offset, end])
  const data = bytes.subarray(start, end)
  let plain: Uint8Array
  try {
    plain = method === STORED ? data : inflateRawSync(data, { maxOutputLength: Math.max(1, size) })
  } catch (error) {
    const larger =
      error instanceof RangeError ||
      (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE')
    throw larger
      ? refused(path, 'unpacks to more than it says')
      : damaged(path, 'its data cannot be unpacked')
  }
  if (plain.length !== size) throw damaged(path, `has ${plain.length} bytes, its header says ${size}`)
  if (crc32(plain) !== crc) throw damaged(path, 'its CRC-32 does not match its data')
  return plain
}

/**
 * The files of a zip by path.
 * @throws LabError `bundle-unreadable` (no zip), `bundle-damaged` (a file's data are broken; names it),
 * `bundle-refused` (paths that leave the bundle, links, duplicates, bombs, overlaps, encryption)
 */
export function readZip(bytes: Uint8Array): Map<string, Uint8Array> {
  if (bytes.length > MAX_BUNDLE_BYTES) throw unreadable(`it has more than ${MAX_BUNDLE_BYTES} bytes`)
  if (bytes.length < END_BYTES) throw unreadable('it is too short to be a zip')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const end = endRecord(view)
  const count = view.getUint16(end + 10, true)
  const directory = view.getUint32(end + 16, true)
  if (view.getUint16(end + 4, true) !== 0 || view.getUint16(end + 8, true) !== count)
    throw unreadable('it has several parts')
  if (count > MAX_FILES) throw unreadable(`it has more than ${MAX_FILES} files`)
  if (directory + view.getUint32(end + 12, true) !== end)
    throw unreadable('its directory is not where it says')
  const entries: Entry[] = []
  const seen = new Set<string>()
  let at = directory
  for (let index = 0; index < count; index++) {
    const { entry, next } = centralEntry(view, at, seen)
    entries.push(entry)
    at = next
  }
  if (at !== end) throw unreadable('its directory has more than it says')
  const total = entries.reduce((sum, { size }) => sum + size, 0)
  if (total > MAX_TOTAL_BYTES) throw unreadable(`it unpacks to more than ${MAX_TOTAL_BYTES} bytes`)
  const taken: [number, number][] = []
  return new Map(entries.map((entry) => [entry.path, content(bytes, view, entry, directory, taken)]))
}

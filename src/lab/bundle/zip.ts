/** Writes zips whose bytes depend on their content alone. */
import { zipSync, type Zippable } from 'fflate'

/** A file of a bundle: path with `/`, and content. */
export interface BundleFile {
  readonly path: string
  readonly bytes: Uint8Array
}

/** Zips files in the order of their paths (by UTF-16 units), all with the same time, level and system. */
export function zipFiles(files: readonly BundleFile[]): Uint8Array {
  // The earliest time a zip can hold. The writer stores local fields, so local time gives the same bytes in any zone.
  const options = { mtime: new Date(1980, 0, 1, 0, 0, 0), level: 9, os: 3 } as const
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1))
  const zippable: Zippable = Object.fromEntries(sorted.map(({ path, bytes }) => [path, [bytes, options]]))
  return zipSync(zippable)
}

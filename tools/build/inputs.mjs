import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository, whatever the caller's working directory. */
export const root = fileURLToPath(new URL('../..', import.meta.url))

/** The three parts electron-vite builds: `main` holds every Node entry (simulator, job, server, CLI). */
export const SECTIONS = /** @type {const} */ (['main', 'preload', 'renderer'])

/** @typedef {(typeof SECTIONS)[number]} Section */

/** What every section depends on: the recipe, and the lock file that pins what is bundled. */
const RECIPE = [
  'package.json',
  'package-lock.json',
  'electron.vite.config.ts',
  'tools/vite-engine-hash.mjs',
  'tools/build'
]

/** @type {Readonly<Record<Section, { inputs: readonly string[], without: readonly string[] }>>} */
const TREES = {
  main: { inputs: ['src', 'resources'], without: ['src/renderer', 'src/preload'] },
  preload: { inputs: ['src/preload', 'src/protocol', 'src/lab/results'], without: [] },
  renderer: { inputs: ['src/renderer', 'src/protocol', 'src/lab', 'resources', 'experiments'], without: [] }
}

/** Tests and notes are not part of what runs. */
const IGNORED = /(\.(test|bench)\.ts|\.md|\.map|~)$|^\./

/** @param {string} path @param {readonly string[]} without @returns {string[]} */
function filesUnder(path, without) {
  const absolute = join(root, path)
  if (without.includes(path) || !existsSync(absolute)) return []
  if (!statSync(absolute).isDirectory()) return [path]
  return readdirSync(absolute)
    .filter((name) => !IGNORED.test(name))
    .flatMap((name) => filesUnder(`${path}/${name}`, without))
}

/**
 * SHA-256 over names and bytes of all that a section is built from. Content, not times: a fresh
 * checkout of the same commit is not stale.
 * @param {Section} section
 * @returns {string} 64 hexadecimal digits
 */
export function inputHash(section) {
  const { inputs, without } = TREES[section]
  const files = [...new Set([...RECIPE, ...inputs].flatMap((path) => filesUnder(path, without)))].sort()
  const hash = createHash('sha256')
  for (const file of files)
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0')
  return hash.digest('hex')
}

/**
 * Files under a folder with their sizes, to notice an output that somebody deleted or cut short.
 * @param {string} folder absolute
 * @returns {Record<string, number>} path relative to the folder, with `/`, to bytes
 */
export function listing(folder) {
  /** @type {Record<string, number>} */
  const found = {}
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    found[relative(folder, path).split(sep).join('/')] = statSync(path).size
  }
  return found
}

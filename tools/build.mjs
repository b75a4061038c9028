import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inputHash, listing, root, SECTIONS } from './build/inputs.mjs'
import { withLock } from './build/lock.mjs'

/** @typedef {import('./build/inputs.mjs').Section} Section */
/** @typedef {'node' | 'preload' | 'renderer' | 'all'} Target */
/** @typedef {{ hash: string, files: Record<string, number> }} Stamp */

const out = join(root, 'out')
const lockFile = join(out, '.lock')

/** A build that failed; the message ends with what the bundler said. */
export class BuildError extends Error {
  /** @param {Section} section @param {string} output */
  constructor(section, output) {
    super(`building ${section} failed\n${output.trim()}`)
    this.name = 'BuildError'
    this.section = section
  }
}

/** @param {readonly Target[]} targets @returns {Section[]} */
function sectionsOf(targets) {
  return SECTIONS.filter((section) => {
    const target = section === 'main' ? 'node' : section
    return targets.includes('all') || targets.includes(target)
  })
}

/** @param {Section} section */
const stampFile = (section) => join(out, `.${section}.json`)

/** @param {Section} section @param {string} hash @returns {boolean} */
function isFresh(section, hash) {
  const folder = join(out, section)
  if (!existsSync(stampFile(section)) || !existsSync(folder)) return false
  try {
    const stamp = /** @type {Stamp} */ (JSON.parse(readFileSync(stampFile(section), 'utf8')))
    if (stamp.hash !== hash) return false
    const present = listing(folder)
    return Object.entries(stamp.files).every(([file, bytes]) => present[file] === bytes)
  } catch {
    // An unreadable stamp proves nothing: build again.
    return false
  }
}

/** @param {Section} section @param {string} folder @returns {Promise<void>} */
function bundle(section, folder) {
  const script = fileURLToPath(new URL('build/section.mjs', import.meta.url))
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, section, folder], { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    child.stdout.on('data', (data) => (output += data))
    child.stderr.on('data', (data) => (output += data))
    child.on('error', reject)
    child.on('close', (code) => (code === 0 ? resolve() : reject(new BuildError(section, output))))
  })
}

/**
 * Builds beside the old output and swaps, so that a failed or killed build leaves the old one whole.
 * @param {Section} section
 */
async function buildSection(section) {
  const workshop = join(out, `.building-${process.pid}`)
  const fresh = join(workshop, section)
  const old = join(workshop, `old-${section}`)
  mkdirSync(workshop, { recursive: true })
  try {
    // The hash is taken before: a source saved during the build makes the result stale, not wrong.
    const hash = inputHash(section)
    await bundle(section, workshop)
    const stamp = JSON.stringify({ hash, files: listing(fresh) })
    rmSync(stampFile(section), { force: true })
    rmSync(old, { recursive: true, force: true })
    if (existsSync(join(out, section))) renameSync(join(out, section), old)
    renameSync(fresh, join(out, section))
    writeFileSync(join(workshop, 'stamp'), stamp)
    renameSync(join(workshop, 'stamp'), stampFile(section))
  } finally {
    rmSync(fresh, { recursive: true, force: true })
    rmSync(old, { recursive: true, force: true })
  }
}

/**
 * Builds what is stale, and nothing else. Safe to call from several processes at once: one builds,
 * the others wait and find it fresh. Writes nothing to stdout.
 * @param {object} [options]
 * @param {readonly Target[]} [options.targets] `node` is out/main (simulator, server, CLI, Electron main). Default: all
 * @param {(message: string) => void} [options.log] one line a step; nothing is said when all is fresh
 * @returns {Promise<{ built: Section[] }>}
 * @throws {BuildError} with the bundler's output
 */
export async function ensureBuilt({ targets = ['all'], log = () => {} } = {}) {
  const wanted = sectionsOf(targets)
  const stale = () => wanted.filter((section) => !isFresh(section, inputHash(section)))
  if (stale().length === 0) return { built: [] }
  return withLock(
    lockFile,
    async () => {
      const todo = stale()
      try {
        for (const [index, section] of todo.entries()) {
          const start = performance.now()
          await buildSection(section)
          const seconds = ((performance.now() - start) / 1000).toFixed(1)
          log(`built ${section} in ${seconds} s (${index + 1} of ${todo.length})`)
        }
      } finally {
        rmSync(join(out, `.building-${process.pid}`), { recursive: true, force: true })
      }
      return { built: todo }
    },
    log
  )
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const targets = /** @type {Target[]} */ (process.argv.slice(2))
  const log = (/** @type {string} */ message) => console.error(message)
  try {
    const { built } = await ensureBuilt({ targets: targets.length > 0 ? targets : ['all'], log })
    if (built.length === 0) log('everything is up to date')
  } catch (error) {
    console.error(error instanceof BuildError ? error.message : error)
    process.exitCode = 1
  }
}

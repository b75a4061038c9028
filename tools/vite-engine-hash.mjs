import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** @param {string} dir @returns {string[]} */
function sources(dir) {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name)
    if (entry.isDirectory()) return sources(path)
    return /\.ts$/.test(entry.name) && !/\.(test|bench)\.ts$/.test(entry.name) ? [path] : []
  })
}

/**
 * SHA-256 over the engine's sources, normalised (line ends to LF, trailing blanks removed, paths
 * sorted), so that development, built app and CLI agree on what engine they are.
 * @returns {string} 64 hexadecimal digits
 */
export function computeEngineHash() {
  const hash = createHash('sha256')
  const files = sources(join(root, 'src/engine')).map((path) => ({
    path,
    name: relative(root, path).split(sep).join('/')
  }))
  files.sort((a, b) => (a.name < b.name ? -1 : 1))
  for (const { path, name } of files) {
    const text = readFileSync(path, 'utf8')
      .replace(/\r\n?/g, '\n')
      .replace(/[ \t]+$/gm, '')
    hash.update(`${name}\0${text}\0`)
  }
  return hash.digest('hex')
}

/**
 * Vite plugin: `import { ENGINE_HASH, VERSION } from 'virtual:engine-hash'`.
 * @returns {import('vite').Plugin}
 */
export function engineHash() {
  const id = 'virtual:engine-hash'
  return {
    name: 'contpte-lab:engine-hash',
    resolveId: (source) => (source === id ? `\0${id}` : undefined),
    load(loaded) {
      if (loaded !== `\0${id}`) return undefined
      const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
      return `export const ENGINE_HASH = ${JSON.stringify(computeEngineHash())}\nexport const VERSION = ${JSON.stringify(version)}\n`
    }
  }
}

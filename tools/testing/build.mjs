import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { engineHash } from '../vite-engine-hash.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Builds modules of ours for a test as the app runs them, apart from the app's own output, so that a test
 * never meets half of a build that somebody else started.
 * @param {Record<string, string>} input by name of the built file, paths from the repository's root
 * @returns {Promise<{ folder: string, remove: () => void }>} where `<name>.js` lie
 */
export async function buildForTests(input) {
  const cache = join(root, '.cache')
  mkdirSync(cache, { recursive: true })
  // Inside the repository: the built files find their packages from here.
  const folder = mkdtempSync(join(cache, 'built-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  try {
    await build({
      root,
      configFile: false,
      logLevel: 'error',
      plugins: [engineHash()],
      build: {
        ssr: true,
        outDir: folder,
        emptyOutDir: false,
        rollupOptions: {
          input: Object.fromEntries(Object.entries(input).map(([name, path]) => [name, join(root, path)])),
          output: { entryFileNames: '[name].js' }
        }
      }
    })
  } catch (error) {
    remove()
    throw error
  }
  return { folder, remove }
}

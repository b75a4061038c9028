import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'vite'
import { engineHash } from '../vite-engine-hash.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * A module of ours as the app runs it: bundled, not through the loader of the tests, in which every use of
 * an import is a call. For tests that keep the engine busy for long; it takes half the time.
 * @param {string} path from the repository's root
 * @returns {Promise<any>} what the module exports
 */
export async function bundled(path) {
  const cache = join(root, '.cache')
  mkdirSync(cache, { recursive: true })
  // Inside the repository: the bundle finds its packages from here.
  const outDir = mkdtempSync(join(cache, 'bundled-'))
  try {
    await build({
      root,
      configFile: false,
      logLevel: 'error',
      plugins: [engineHash()],
      build: {
        ssr: true,
        outDir,
        emptyOutDir: false,
        minify: false,
        rollupOptions: { input: { module: join(root, path) }, output: { entryFileNames: '[name].mjs' } }
      }
    })
    return await import(/* @vite-ignore */ pathToFileURL(join(outDir, 'module.mjs')).href)
  } finally {
    rmSync(outDir, { recursive: true, force: true })
  }
}

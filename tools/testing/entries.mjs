import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'vite'
import { engineHash } from '../vite-engine-hash.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Builds the worker entries of the laboratory for tests, apart from the app's own output, so that a
 * test never meets half of a build that somebody else started.
 * @returns {Promise<{ jobUrl: URL, checkUrl: URL, remove: () => void }>}
 */
export async function buildWorkerEntries() {
  const cache = join(root, '.cache')
  mkdirSync(cache, { recursive: true })
  // Inside the repository: the built files find their packages from here.
  const outDir = mkdtempSync(join(cache, 'workers-'))
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    plugins: [engineHash()],
    build: {
      ssr: true,
      outDir,
      emptyOutDir: false,
      rollupOptions: {
        input: {
          job: join(root, 'src/simulator/job.ts'),
          check: join(root, 'src/simulator/check.ts'),
          trace: join(root, 'src/simulator/trace.ts')
        },
        output: { entryFileNames: '[name].js' }
      }
    }
  })
  const at = (/** @type {string} */ name) => pathToFileURL(join(outDir, name))
  return {
    jobUrl: at('job.js'),
    checkUrl: at('check.js'),
    remove: () => rmSync(outDir, { recursive: true, force: true })
  }
}

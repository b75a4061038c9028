/**
 * `npm run fuzz`: random lives of processes in random worlds, every invariant checked, and seeded
 * faults that must be found; see `docs/fuzzing.md`. Exits 0 when no invariant broke and every fault
 * was found, 1 when not, 2 on a bad option.
 */
import { rmSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'vite'

const here = resolve(import.meta.dirname, 'fuzz')
const out = mkdtempSync(join(tmpdir(), 'contpte-fuzz-'))

try {
  // Plain modules, so that what runs is the engine as the app runs it and not a loader.
  await build({
    root: resolve(import.meta.dirname, '..'),
    configFile: false,
    logLevel: 'error',
    build: {
      ssr: true,
      rollupOptions: {
        input: { main: join(here, 'main.ts'), worker: join(here, 'worker.ts') },
        output: { entryFileNames: '[name].mjs', chunkFileNames: '[name].mjs' }
      },
      outDir: out,
      minify: false,
      target: 'node20'
    }
  })
  const { main } = await import(pathToFileURL(join(out, 'main.mjs')).href)
  process.exitCode = await main(process.argv.slice(2), join(out, 'worker.mjs'))
} finally {
  rmSync(out, { recursive: true, force: true })
}

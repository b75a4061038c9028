import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'vite'

const root = resolve(import.meta.dirname, '../..')

/** @returns {string} an empty folder, removed by whoever asked */
export function scratch() {
  return mkdtempSync(join(tmpdir(), 'contpte-bench-'))
}

/**
 * Builds a TypeScript file of this folder as the built app runs it: one plain module, so that what is
 * timed is the engine and not the loader.
 * @param {string} name without its extension
 * @param {string} folder where the module is written
 * @returns {Promise<string>} the module's URL
 */
export async function bundle(name, folder) {
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    build: {
      lib: {
        entry: resolve(import.meta.dirname, `${name}.ts`),
        formats: ['es'],
        fileName: () => `${name}.mjs`
      },
      outDir: folder,
      emptyOutDir: false,
      minify: false,
      target: 'node20'
    }
  })
  return pathToFileURL(join(folder, `${name}.mjs`)).href
}

/** Imports what `bundle` builds. @param {string} name @param {string} folder @returns {Promise<any>} */
export async function bundled(name, folder) {
  return import(await bundle(name, folder))
}

import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { buildForTests } from './build.mjs'

/**
 * A module of ours as the app runs it: bundled, not through the loader of the tests, in which every use of
 * an import is a call. For tests that keep the engine busy for long; it takes half the time.
 * @param {string} path from the repository's root
 * @returns {Promise<any>} what the module exports
 */
export async function bundled(path) {
  const { folder, remove } = await buildForTests({ module: path })
  try {
    return await import(/* @vite-ignore */ pathToFileURL(join(folder, 'module.js')).href)
  } finally {
    remove()
  }
}

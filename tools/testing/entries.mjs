import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { buildForTests } from './build.mjs'

/**
 * Builds the worker entries of the laboratory for tests.
 * @returns {Promise<{ jobUrl: URL, checkUrl: URL, remove: () => void }>}
 */
export async function buildWorkerEntries() {
  const { folder, remove } = await buildForTests({
    job: 'src/simulator/job.ts',
    check: 'src/simulator/check.ts',
    trace: 'src/simulator/trace.ts'
  })
  const at = (/** @type {string} */ name) => pathToFileURL(join(folder, `${name}.js`))
  return { jobUrl: at('job'), checkUrl: at('check'), remove }
}

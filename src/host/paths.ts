/** Where the parts of the built app lie. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface AppPaths {
  readonly simulator: string
  /** Worker entries of the laboratory. */
  readonly job: string
  readonly check: string
  readonly preload: string
  /** Folder of the built page. */
  readonly renderer: string
  /** Folder of the examples. */
  readonly examples: string
  /** Folder of the recordings of real kernels. */
  readonly recordings: string
}

/**
 * The built app that a module belongs to. The bundler may move a module into a chunk, and tests run it
 * from its source: the folder of the entries is looked for upwards.
 * @param moduleUrl `import.meta.url` of the asking module
 * @throws Error when the app is not built
 */
export function appPaths(moduleUrl: string): AppPaths {
  for (let folder = dirname(fileURLToPath(moduleUrl)); ; folder = dirname(folder)) {
    const main = [folder, join(folder, 'out', 'main')].find((each) => existsSync(join(each, 'simulator.js')))
    if (main !== undefined)
      return {
        simulator: join(main, 'simulator.js'),
        job: join(main, 'job.js'),
        check: join(main, 'check.js'),
        preload: join(main, '..', 'preload', 'index.cjs'),
        renderer: join(main, '..', 'renderer'),
        examples: join(main, '..', '..', 'experiments'),
        recordings: join(main, '..', '..', 'resources', 'recordings')
      }
    if (dirname(folder) === folder) throw new Error('The app is not built: run `npm run build`')
  }
}

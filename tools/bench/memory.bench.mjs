import { rmSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { bundled, scratch } from './bundle.mjs'

export const title = 'bytes of all typed arrays that mapping 1 GiB in 64K folios adds, a base page'

const PAGES = 2 ** 30 / 4096
const BUDGET = 16
const KERNELS = ['linux-6.12', 'contpte-v2', 'no-contpte']

/** @returns {() => number} bytes behind every typed array that is alive in this process */
function arrayBytes() {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc')
  return () => {
    collect()
    return process.memoryUsage().arrayBuffers
  }
}

/** @returns {Promise<import('./measure.mjs').Figure[]>} */
export async function run() {
  const folder = scratch()
  try {
    const { mappedWorld } = await bundled('memory-case', folder)
    const bytes = arrayBytes()
    // Every world stays alive to the end: one collected in between would be counted against the next.
    /** @type {unknown[]} */
    const alive = []
    /** @param {string} kernel @param {boolean} filled @returns {number} bytes of a world */
    const sizeOf = (kernel, filled) => {
      const before = bytes()
      alive.push(mappedWorld(kernel, PAGES, filled))
      return bytes() - before
    }
    // What the first world alone brings with it belongs to none of them.
    sizeOf(KERNELS[0], true)
    const figures = KERNELS.map((kernel) => {
      const added = sizeOf(kernel, true) - sizeOf(kernel, false)
      return {
        what: `1 GiB mapped on ${kernel}`,
        value: added / PAGES,
        unit: 'bytes a page',
        budget: BUDGET,
        runs: 1,
        note: `${added} bytes more than before the first fault`
      }
    })
    if (alive.length !== 2 * KERNELS.length + 1) throw new Error('a world was not made')
    return figures
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

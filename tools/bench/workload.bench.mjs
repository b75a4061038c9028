import { rmSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { bundled, scratch } from './bundle.mjs'

export const title =
  'memory of an allocator at work: all typed arrays, in bytes a page that the process holds at the end'

const OPERATIONS = 1_000_000
const LIVE_BYTES = 2 ** 28
const BUDGET = 16
const PAGE = 4096
/** What the arena gives back at once: whole folios, or single pages, which leave folios mapped in part. */
const PURGES = [16 * PAGE, PAGE]

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
    const { arena, lanes, heldPages } = await bundled('workload-case', folder)
    const bytes = arrayBytes()
    // Every world stays alive to the end: one collected in between would be counted against the next.
    /** @type {unknown[]} */
    const alive = []
    /** @param {number} purge what an arena at work adds to its world and to its own state */
    const worked = (purge) => {
      const { world, workload } = arena('linux-6.12', LIVE_BYTES, purge)
      alive.push({ world, workload })
      const before = bytes() - workload.report.stateBytes
      workload.run(OPERATIONS)
      const { residentPages, stateBytes } = workload.report
      return { world, residentPages, stateBytes, added: bytes() - stateBytes - before }
    }
    // What building left behind may go meanwhile.
    worked(PAGE)
    return PURGES.map((purge) => {
      const { world, residentPages, stateBytes, added } = worked(purge)
      const held = heldPages(world)
      const { contents, ...rest } = lanes(world)
      const shares = Object.entries(rest).map(([lane, size]) => `${lane} ${(size / held).toFixed(1)}`)
      return {
        what: `arena of 256 MiB that gives back ${purge / 1024}K at once`,
        value: (added - contents) / held,
        unit: 'bytes a page',
        budget: BUDGET,
        runs: 1,
        note: `${held} pages held, ${residentPages} of them mapped; ${shares.join(', ')}; apart from it contents ${contents} bytes, the workload's own state ${stateBytes} bytes`
      }
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

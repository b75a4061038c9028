import { rmSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { bundled, scratch } from './bundle.mjs'

export const title =
  'memory of an allocator at work: all typed arrays, in bytes a page of the most that the process mapped at once'

const OPERATIONS = Number(process.env.CONTPTE_LAB_OPERATIONS ?? 10_000_000)
/** How often memory is looked at. */
const STEPS = 100
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
    const { arena, lanes, pages } = await bundled('workload-case', folder)
    const bytes = arrayBytes()
    // Every world stays alive to the end: one collected in between would be counted against the next.
    /** @type {unknown[]} */
    const alive = []
    /** @param {number} purge what an arena at work adds to its world and to its own state */
    const worked = (purge, operations = OPERATIONS) => {
      const { world, workload } = arena('linux-6.12', LIVE_BYTES, purge)
      alive.push({ world, workload })
      const lanesBefore = lanes(world)
      const before = bytes() - workload.report.stateBytes
      let most = 0
      let fewest = Infinity
      let worst = 0
      for (let step = 1; step <= STEPS; step++) {
        workload.run(operations / STEPS)
        const { residentPages, stateBytes } = workload.report
        most = Math.max(most, residentPages)
        fewest = Math.min(fewest, residentPages)
        const grown = bytes() - stateBytes - before - (lanes(world).contents - lanesBefore.contents)
        worst = Math.max(worst, grown / most)
      }
      const { residentPages, stateBytes } = workload.report
      const added = bytes() - stateBytes - before
      const grown = Object.entries(lanes(world)).map(([lane, size]) => [lane, size - lanesBefore[lane]])
      return {
        world,
        residentPages,
        stateBytes,
        added,
        most,
        fewest,
        worst,
        lanes: Object.fromEntries(grown)
      }
    }
    // What building left behind may go meanwhile.
    worked(PAGE, OPERATIONS / 10)
    return PURGES.map((purge) => {
      const { world, residentPages, stateBytes, added, most, fewest, worst, lanes } = worked(purge)
      const { held, reached, entries } = pages(world)
      const { contents, ...rest } = lanes
      const each = (/** @type {number} */ size) => (size / most).toFixed(1)
      const shares = Object.entries(rest).map(([lane, size]) => `${lane} ${each(size)}`)
      const others = Object.values(rest).reduce((left, size) => left - size, added - contents)
      return {
        what: `arena of 256 MiB that gives back ${purge / 1024}K at once`,
        value: worst,
        unit: 'bytes a page',
        budget: BUDGET,
        runs: 1,
        note: [
          `the worst of ${STEPS} samples of ${OPERATIONS} operations, by the most pages mapped so far: ${most} at most, ${fewest} at least`,
          `in the end ${shares.join(', ')}, all else ${each(others)}`,
          `then ${residentPages} pages are mapped, ${held - residentPages} more held by folios mapped in part, ${reached - held} frames beside them held by nobody, ${entries - residentPages} entries of tables map no page: ${((added - contents) / residentPages).toFixed(1)} bytes a page mapped then, ${((added - contents) / held).toFixed(1)} a page held`,
          `apart from it contents ${contents} bytes, the workload's own state ${stateBytes} bytes`
        ].join('; ')
      }
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

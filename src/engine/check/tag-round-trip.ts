/** A folio of tagged pages that goes to swap and comes back, for tests and tables of what that costs. */
import { NEOVERSE_N1 } from '../arch/cpu'
import { kernelByName } from '../kernel'
import { newMm } from '../mm/fork'
import type { MteDesignName } from '../mte/designs'
import * as sys from '../syscalls'
import { World } from '../world'

/** Where the folio is found again, and whether a fault takes an entry of it (6.10) or the whole (6.12). */
export type TagWay = 'cache' | 'device' | 'cache, whole' | 'device, whole'

/** How often each thing was done, out and back in. */
export interface TagRoundTrip {
  readonly saves: number
  readonly scans: number
  readonly faults: number
  readonly lookups: number
  readonly copies: number
  readonly checks: number
  /** Every page has the tag it was given. */
  readonly right: boolean
}

/**
 * Tags each page of a folio of 2^order pages, none of them 0, swaps it out and reads every page's tags.
 * @throws if some page did not go out
 */
export function tagRoundTrip(design: MteDesignName, order: number, way: TagWay): TagRoundTrip {
  const kernel = kernelByName(way.endsWith('whole') ? 'linux-6.12' : 'linux-6.10')
  const world = new World({
    kernel: { ...kernel, mteDesign: design },
    granule: '4K',
    memoryBytes: 2 ** 26,
    cpu: { ...NEOVERSE_N1, mte: true },
    swapBytes: 2 ** 24,
    swapDevice: { synchronous: way.startsWith('device') }
  })
  world.thp.top = 'never'
  world.thp.sizes.fill('never')
  if (order > 0) world.thp.sizes[order] = 'always'
  const mm = newMm(world, 1)
  const n = 2 ** order
  const tagOf = (page: number) => 1 + (page % 15)
  sys.sysMmap(world, mm, { vpn: 0, pages: n, prot: 'rwm' })
  sys.userWrite(world, mm, 0, n, 1, () => 1)
  sys.userSetTags(world, mm, 0, n, tagOf)
  sys.sysMadvise(world, mm, 0, n, 'pageout')
  if (mm.swapEntries !== n)
    throw new Error(`${design}, order ${order}: ${mm.swapEntries} of ${n} pages went out`)
  const { counters } = world
  const saves = counters.get('tagSave')
  const scans = counters.get('tagScan')
  const faults = counters.get('fault')
  let right = true
  sys.userGetTags(world, mm, 0, n, (page, tags) => {
    if (tags !== 1 << tagOf(page)) right = false
  })
  return {
    saves,
    scans,
    faults: counters.get('fault') - faults,
    lookups: counters.get('tagLookup'),
    copies: counters.get('tagCopy'),
    checks: counters.get('tagCheck'),
    right
  }
}

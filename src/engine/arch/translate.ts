/**
 * One access through the TLB of the acting CPU or walker: a hit, or a walk with the access-flag and
 * dirty updates that its hardware makes. Source: reference `architecture.md` sections 3 and 4.
 */
import type { Mm } from '../mm/mm'
import { findLeaf, findSlot, leafPages } from '../mm/walk'
import type { World } from '../world'
import { AF, CONT, RDONLY, VALID, VALID_CONT, WRITE } from './descriptor'
import { misprogrammed } from '../check/contiguity'
import { EngineError } from '../error'
import { contiguousLeaves } from './granule'
import type { Tlbs } from './tlb'

/**
 * The frame that the acting CPU accesses at `vpn`, or -1 where the access faults. Throws `hardware-error`
 * on strict hardware. A store through an
 * entry that is writable and dirty touches no table (H5); one through a writable-clean entry walks
 * again, because hardware updates the descriptor as it is now (H4). An entry that forbids the access
 * faults although the tables may allow it by now: that entry stays until somebody invalidates it.
 */
export function translate(world: World, tlbs: Tlbs, mm: Mm, vpn: number, write: boolean): number {
  const hit = tlbs.lookup(mm.pid, vpn)
  if (hit >= 0) {
    const attr = tlbs.attr[hit]
    if (!write || (attr & RDONLY) === 0) return tlbs.pfn[hit] + (vpn - tlbs.vpn[hit])
    if ((attr & WRITE) === 0 || tlbs.updates[tlbs.acting] === 0) return -1
    tlbs.evict(hit)
  }
  return walk(world, tlbs, mm, vpn, write)
}

/** The walk on a miss; installs what it found. */
function walk(world: World, tlbs: Tlbs, mm: Mm, vpn: number, write: boolean): number {
  const { tables, geometry } = world
  let slot = findSlot(world, mm, vpn)
  let pages = 1
  if (slot === 0) {
    slot = findLeaf(world, mm, vpn)
    if (slot === 0) return -1
    pages = leafPages(world, mm, vpn)
  } else tlbs.installWalk(mm.pid, vpn - (vpn % geometry.tableEntries), slot >>> geometry.tableShift)

  const attr = tables.attr(slot)
  if ((attr & VALID) === 0) return -1
  if (tlbs.config.strict === true && pages === 1 && misprogrammed(world, slot & -geometry.contPtes))
    throw hardwareError(world, tlbs, mm, vpn)
  const cleans = write && (attr & RDONLY) !== 0
  if (cleans && (attr & WRITE) === 0) return -1
  const records = cleans || (attr & AF) === 0
  if (records && tlbs.updates[tlbs.acting] === 0) return -1
  if (records) record(world, tlbs, slot, attr, cleans, pages > 1)

  const loaded = cleans ? (attr | AF) & ~RDONLY : attr | AF
  const pfn = tables.pfn(slot)
  if (pages > 1) {
    const offset = vpn % pages
    // Contiguous leaves of a HugeTLB page give one entry as contiguous pages do.
    const run = (attr & CONT) !== 0 && tlbs.coalesces() ? contiguousLeaves(geometry) * pages : pages
    const first = vpn % run
    tlbs.install(mm.pid, vpn - first, run, pfn + offset - first, loaded)
    return pfn + offset
  }
  const offset = slot & (geometry.contPtes - 1)
  if ((attr & CONT) !== 0 && tlbs.coalesces())
    tlbs.install(mm.pid, vpn - offset, geometry.contPtes, pfn - offset, loaded)
  else tlbs.install(mm.pid, vpn, 1, pfn, loaded)
  return pfn
}

/**
 * The error that strict hardware ends in: a walk to a valid entry of a block whose valid entries
 * disagree. Entries that are not valid do not count, so a block that is being cleared never is one.
 * Source: Barry Song, 28 Nov 2023 (Qualcomm's firmware crashes, MTK shows nothing); Arm ARM RNGLXZ.
 */
function hardwareError({ geometry }: World, tlbs: Tlbs, mm: Mm, vpn: number): EngineError {
  const address = `0x${(vpn * geometry.pageSize).toString(16)}`
  const first = `0x${((vpn - (vpn % geometry.contPtes)) * geometry.pageSize).toString(16)}`
  tlbs.report(
    'block-misprogrammed',
    `CPU ${tlbs.acting}, mm ${mm.pid}, page ${vpn}`,
    `a walk for ${address} met valid entries that disagree in the block at ${first}: an error of the hardware`
  )
  return new EngineError(
    'hardware-error',
    `Hardware error: valid entries of the contiguous block at ${first} of process ${mm.pid} disagree, and CPU ${tlbs.acting} walked to ${address} (rule block-misprogrammed).`
  )
}

/** Hardware writes accessed, and for a store dirty, into one entry: of a folded block it may be any (H3). */
function record(
  world: World,
  tlbs: Tlbs,
  slot: number,
  attr: number,
  cleans: boolean,
  isLeaf: boolean
): void {
  const { tables, geometry } = world
  let at = slot
  if ((attr & CONT) !== 0 && !isLeaf && tlbs.config.records === 'seeded') {
    const other = (slot & -geometry.contPtes) + tlbs.random.below(geometry.contPtes)
    // The update is made against memory as it is: an entry that may not be written is passed over.
    const value = tables.attr(other)
    if ((value & VALID_CONT) === VALID_CONT && (!cleans || (value & WRITE) !== 0)) at = other
  }
  const before = tables.attr(at)
  tables.record(at, cleans ? (before | AF) & ~RDONLY : before | AF)
}

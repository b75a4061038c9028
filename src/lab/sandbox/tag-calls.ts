/** The calls about memory tags and the swap area, by name. */
import { EngineError } from '../../engine/error'
import { GRANULE_BYTES } from '../../engine/mte/tags'
import * as sys from '../../engine/syscalls'
import { bad, bytes, optional, options, text, whole } from './arguments'
import type { Handles } from './calls'

type Call = (handles: Handles, args: readonly unknown[]) => unknown

const TAGS = 16
const CHECKS = ['none', 'sync', 'async'] as const

/** Pages `from .. from + count` of a region, through a process; the number of the first one. */
function pagesOf(handles: Handles, [id, from, count, process]: readonly unknown[]) {
  const region = handles.regionAt(id)
  const through = handles.through(region, process)
  const first = typeof from === 'number' ? whole('from', from) : 0
  const nr = typeof count === 'number' ? whole('count', count) : region.length - first
  if (first + nr > region.length) throw bad(`the region has ${region.length} pages`)
  const { machine, world } = through
  const vpn = region.address / world.geometry.pageSize + first
  return { machine, world, mm: through.callingMm('tags'), vpn, nr, first }
}

/** The granules of each page that a call is about; all where `value` is left out. */
function granulesOf(call: string, value: unknown, pageBytes: number): sys.TagGranules | undefined {
  const part = optional(value, (given) => options(call, given, ['offset', 'bytes']))
  if (part === undefined) return undefined
  const offset = bytes(call, 'offset', part.offset) ?? 0
  const length = bytes(call, 'bytes', part.bytes) ?? pageBytes - offset
  const parts = [
    ['offset', offset],
    ['bytes', length]
  ] as const
  for (const [name, is] of parts) {
    if (is % GRANULE_BYTES === 0) continue
    throw bad(`${call}: ${name} ${is} is no multiple of 16: a tag is that of 16 bytes, aligned`)
  }
  if (length <= 0 || offset + length > pageBytes) {
    throw bad(`${call}: ${length} bytes from ${offset} on do not lie in a page of ${pageBytes}`)
  }
  return { first: offset / GRANULE_BYTES, nr: length / GRANULE_BYTES }
}

/** The signal that ended a run of accesses, as an error. */
function delivered({ signal, done }: sys.AccessOutcome, first: number): void {
  if (signal === undefined) return
  throw new EngineError('EFAULT', `${signal} at page ${first + done}.`)
}

/** Every call by name. */
export const TAG_CALLS: Readonly<Record<string, Call>> = {
  'process.tagCheck': (handles, [id, check]) => {
    const process = handles.processAt(id)
    const chosen = CHECKS.find((one) => one === text('tagCheck', check))
    if (chosen === undefined) throw bad(`tagCheck must be one of ${CHECKS.join(', ')}`)
    sys.sysTagCheck(process.world, process.callingMm('tagCheck'), chosen)
  },
  'region.setTags': (handles, [tag, part, ...args]) => {
    const wanted = whole('setTags: the tag', tag)
    if (wanted >= TAGS) throw bad('setTags: a tag has four bits, 0 to 15')
    const { machine, world, mm, vpn, nr, first } = pagesOf(handles, args)
    const granules = granulesOf('setTags', part, world.geometry.pageSize)
    machine.act(mm, vpn, nr, () => {
      delivered(
        sys.userSetTags(world, mm, vpn, nr, () => wanted, granules),
        first
      )
    })
  },
  'region.tags': (handles, [part, ...args]) => {
    const { machine, world, mm, vpn, nr, first } = pagesOf(handles, args)
    const granules = granulesOf('tags', part, world.geometry.pageSize)
    const seen: (number | number[])[] = []
    const take = (_page: number, mask: number) => {
      const tags = Array.from({ length: TAGS }, (_, tag) => tag).filter((tag) => (mask >> tag) & 1)
      seen.push(tags.length === 1 ? tags[0] : tags)
    }
    machine.act(mm, vpn, nr, () => {
      delivered(sys.userGetTags(world, mm, vpn, nr, take, granules), first)
    })
    return seen
  },
  'machine.swapArea': (handles, [id]) => {
    const { world } = handles.machineAt(id)
    const { swap, mte, geometry } = world
    return {
      slots: swap === undefined ? 0 : swap.slots - 1,
      free: swap?.free ?? 0,
      cached: swap?.cached().length ?? 0,
      deviceBytes: swap?.deviceBytes(geometry.pageSize) ?? 0,
      tagBytes: mte?.bytesHeld ?? 0
    }
  },
  'machine.reclaimSwapCache': (handles, [id]) => {
    const machine = handles.machineAt(id)
    machine.refuseInStep('reclaimSwapCache')
    return sys.sysReclaimSwapCache(machine.world)
  },
  'machine.swapoff': (handles, [id]) => {
    const machine = handles.machineAt(id)
    machine.refuseInStep('swapoff')
    sys.sysSwapoff(machine.world)
  },
  'machine.tagBuffers': (handles, [id, limit]) => {
    const { mte } = handles.machineAt(id).world
    if (mte === undefined) throw bad('tagBuffers: this machine has no memory tags')
    mte.saved.limit = whole('tagBuffers: the limit', limit)
  }
}

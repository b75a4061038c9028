/** Swap slots and memory tags that tell a tracer of every change. */
import type { World } from '../world'
import { KIND } from './kinds'
import { tagLane } from './tag-lanes'
import type { Tracer } from './tracer'

/** Lets `tracer` hear of slots, tags, and the tags saved for slots. A slot without any is 0, else 1 more than its tags. */
export function traceSwap(tracer: Tracer, { swap, mte }: World): void {
  const { log } = tracer
  if (swap !== undefined)
    swap.told = (slot, map, owner) =>
      tracer.add(KIND['swap-slot'], 0, slot, map, owner, swap.map[slot], swap.cache[slot])
  if (mte === undefined) return
  const { memory, saved } = mte
  memory.told = (pfn, old) =>
    tracer.add(KIND['page-tags'], 0, pfn, tagLane(log, old), 0, tagLane(log, memory.save(pfn)), 0)
  saved.told = (slot, old) => {
    const tags = saved.get(slot)
    const before = old === undefined ? 0 : 1 + tagLane(log, old)
    const after = tags === undefined ? 0 : 1 + tagLane(log, tags)
    tracer.add(KIND[tags === undefined ? 'tag-drop' : 'tag-save'], 0, slot, before, 0, after, 0)
  }
}

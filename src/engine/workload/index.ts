/** Allocators as workloads: which there are, and what they take. */
import { EngineError } from '../error'
import type { Region } from '../region'
import { Arena } from './arena'
import { Bump } from './bump'
import { Heap, type Workload } from './heap'
import { JsHeap } from './js-heap'

export const WORKLOADS = ['arena', 'bump', 'js-heap'] as const
export type WorkloadKind = (typeof WORKLOADS)[number]

/** What a workload may be told; what is left out is as each allocator has it. */
export interface WorkloadOptions {
  readonly kind: WorkloadKind
  /** Bytes of live objects. Default: a quarter of the region. */
  readonly liveBytes?: number | undefined
  readonly maxBytes?: number | undefined
  readonly low?: number | undefined
  readonly decay?: number | undefined
  readonly purgeBytes?: number | undefined
  readonly youngBytes?: number | undefined
  readonly survive?: number | undefined
  readonly dead?: number | undefined
  readonly seed?: number | undefined
}

/** Sets an allocator on a region of its own. Throws `bad-argument`. */
export function startWorkload(region: Region, options: WorkloadOptions): Workload {
  const { process, bytes, address, length } = region
  const { world } = process
  const { pageSize } = world.geometry
  const { kind, liveBytes = bytes / 4, seed = 1 } = options
  const share = (name: 'low' | 'survive' | 'dead', usual: number): number => {
    const value = options[name] ?? usual
    if (value >= 0 && value <= 1) return value
    throw bad(`${name} must be a share from 0 to 1, not ${value}`)
  }
  const size = (name: 'max' | 'purge' | 'young', usual: number, least: number): number => {
    const value = options[`${name}Bytes`] ?? usual
    if (value >= least && value <= bytes && Number.isInteger(Math.log2(value))) return value
    throw bad(`${name} must be a power of two from ${least} to ${bytes} bytes, not ${value}`)
  }
  if (!(liveBytes > 0 && liveBytes <= bytes)) {
    throw bad(`live must be from 1 to the region's ${bytes} bytes, not ${liveBytes}`)
  }
  const heap = new Heap(world, process.callingMm('workload'), address / pageSize, length)
  switch (kind) {
    case 'arena': {
      if (length < 1024) throw bad('an arena needs a region of at least 1024 pages')
      const decay = options.decay ?? 1000
      if (!Number.isInteger(decay) || decay < 0) throw bad(`decay must be 0 or more operations, not ${decay}`)
      return new Arena(heap, {
        liveBytes,
        low: share('low', 0.5),
        decay,
        purgeBytes: size('purge', pageSize, pageSize),
        maxBytes: size('max', 32768, 16),
        seed
      })
    }
    case 'bump':
      return new Bump(heap, { liveBytes, maxBytes: size('max', 4096, 16), seed })
    case 'js-heap':
      return new JsHeap(heap, {
        liveBytes,
        youngBytes: size('young', 2 ** 20, pageSize),
        survive: share('survive', 0.1),
        dead: share('dead', 0.3),
        seed
      })
  }
}

function bad(message: string): EngineError {
  return new EngineError('bad-argument', `workload: ${message}.`)
}

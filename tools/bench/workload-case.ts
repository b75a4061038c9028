/**
 * What `npm run bench -- workload` runs: an arena on 64K folios in a world of its own, as
 * `experiments/allocator-ten-million.ts` has it.
 */
import { createMachine } from '../../src/engine/machine'
import { startWorkload } from '../../src/engine/workload'
import type { Workload } from '../../src/engine/workload/heap'
import type { World } from '../../src/engine/world'

/** A machine with an arena that may grow to `liveBytes` of live objects, in a mapping eight times as large. */
export function arena(
  kernel: string,
  liveBytes: number,
  purgeBytes?: number
): { world: World; workload: Workload } {
  const machine = createMachine({ kernel, memoryBytes: 2 ** 34 })
  machine.shell.run('echo always > hugepages-64kB/enabled')
  const region = machine.spawn().mmap({ bytes: 8 * liveBytes })
  return { world: machine.world, workload: startWorkload(region, { kind: 'arena', liveBytes, purgeBytes }) }
}

/** Bytes of every lane of the engine that grows with what is mapped, by name. */
export function lanes({ folios, tables }: World): Record<string, number> {
  const bytes = (chunks: readonly (ArrayBufferView | undefined)[]) =>
    chunks.reduce((sum, chunk) => sum + (chunk?.byteLength ?? 0), 0)
  return {
    'page tables': bytes(tables.attrs) + bytes(tables.pfns),
    'states of pages': folios.states.bytes,
    'references of large folios': bytes(folios.largeRefs),
    'flags of large folios': bytes(folios.largeFlags),
    anon_vmas: bytes(folios.anonVmas),
    'whole mappings and pins': bytes(folios.entire) + bytes(folios.pins),
    contents: bytes(folios.contents),
    allocator: folios.buddy.bytes
  }
}

/**
 * `held`: pages of all folios that somebody holds, which are what the process maps and the rest of the folios
 * that it maps in part. `reached`: frames that page words exist for. `entries` of all tables in use.
 */
export function pages({ folios, tables, geometry }: World): {
  held: number
  reached: number
  entries: number
} {
  return {
    held: folios.live.reduce((sum, count, order) => sum + count * 2 ** order, 0),
    reached: folios.states.frames,
    entries: tables.state[2] * geometry.tableEntries
  }
}

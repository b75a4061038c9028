import { createMachine } from '../../src/engine/machine'
import type { ForkCounts } from './calibrate'
import { BASELINE, PUBLISHED } from './published'

const GIB = 2 ** 30

/** The kernels of the published table, baseline first. */
export const CALIBRATION_KERNELS: readonly string[] = [
  ...new Set([BASELINE, ...PUBLISHED.map((cell) => cell.kernel)])
]

/**
 * What the engine counts for one fork, the workload of `experiments/fork-batching.ts`: a private region
 * of `bytes`, every page written, in 64 KiB folios.
 */
export function engineForkCounts(kernel: string, bytes = GIB): Float64Array {
  const machine = createMachine({ kernel })
  machine.sysfs.write('hugepages-64kB/enabled', 'always')
  const parent = machine.spawn()
  parent.mmap({ bytes, align: 2 * 2 ** 20 }).write()
  const before = machine.counters.snapshot()
  parent.fork()
  return machine.counters.snapshot().map((value, slot) => value - before[slot])
}

/** The engine's counts for all kernels of the table. */
export function calibrationCounts(): ForkCounts {
  return Object.fromEntries(CALIBRATION_KERNELS.map((kernel) => [kernel, engineForkCounts(kernel)]))
}

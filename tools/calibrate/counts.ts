import { createMachine } from '../../src/engine/machine'
import type { Process } from '../../src/engine/process'
import type { ForkCounts } from './calibrate'
import { BASELINE, PUBLISHED } from './published'

const MIB = 2 ** 20
const GIB = 1024 * MIB

/** The kernels of the published table, baseline first. */
export const CALIBRATION_KERNELS: readonly string[] = [
  ...new Set([BASELINE, ...PUBLISHED.map((cell) => cell.kernel)])
]

/** What the engine counts while `body` runs in a process with `bytes` written in 64 KiB folios. */
function counted(kernel: string, bytes: number, body: (parent: Process) => void): Float64Array {
  const machine = createMachine({ kernel })
  machine.sysfs.write('hugepages-64kB/enabled', 'always')
  const parent = machine.spawn()
  parent.mmap({ bytes, align: 2 * MIB }).write()
  const before = machine.counters.snapshot()
  body(parent)
  return machine.counters.snapshot().map((value, slot) => value - before[slot])
}

/** One fork: the workload of `experiments/fork-batching.ts`. */
export const engineForkCounts = (kernel: string, bytes = GIB): Float64Array =>
  counted(kernel, bytes, (parent) => parent.fork())

const byKernel = (count: (kernel: string) => Float64Array): ForkCounts =>
  Object.fromEntries(CALIBRATION_KERNELS.map((kernel) => [kernel, count(kernel)]))

/** What the profile is fitted with. */
export const calibrationCounts = (): ForkCounts => byKernel((kernel) => engineForkCounts(kernel))

/** One turn of the program in the log of v2 13/14: 128 MiB, fork, exit of the child. */
export const programCounts = (): ForkCounts =>
  byKernel((kernel) => counted(kernel, 128 * MIB, (parent) => parent.fork().exit()))

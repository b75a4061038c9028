/** A trace as data: what a lane's worker hands over, without copying the events. */
import type { DescriptorLayout } from '../../engine/arch/descriptor'
import type { GranuleName } from '../../engine/arch/granule'
import { GEOMETRIES, GEOMETRIES_52 } from '../../engine/arch/granule'
import type { MachineShape } from '../../engine/trace/replica'
import { TraceLog, type LogData } from '../../engine/trace/log'
import type { TraceMark, TraceOperation } from '../results/trace'
import type { Parameters } from '../results/types'

/** A machine of a recording. */
export interface RecordedMachine {
  readonly kernel: string
  readonly cpus: number
  /** Whether its TLBs take part in accesses; else they only look on. */
  readonly tlbs: boolean
  readonly cost?: string
  /** What each counter costs in nanoseconds, in their order: on the CPU itself, and at the DVM server. */
  readonly costs?: Float64Array
  readonly dvm?: Float64Array
  readonly granule: GranuleName
  readonly commandLine?: string
  readonly vaBits: number
  readonly layout: DescriptorLayout
  readonly exposed: boolean
  /** How the tags of swapped pages are kept; missing on CPUs without tags. */
  readonly mteDesign?: string
  /** Slots of the swap area, its header among them; missing without one. */
  readonly swapSlots?: number
  readonly shape: Omit<MachineShape, 'geometry' | 'layout'>
}

/** An operation before its times and process are known. */
export type RecordedOperation = Pick<TraceOperation, 'title' | 'name' | 'from' | 'to' | 'at'>

/** A range of events that the script timed as one body: `m.time`. */
export interface TimedRange {
  readonly machine: number
  readonly from: number
  readonly to: number
}

export interface Recording {
  readonly file: string
  readonly parameters: Parameters
  readonly log: LogData
  readonly machines: readonly RecordedMachine[]
  readonly operations: readonly RecordedOperation[]
  readonly marks: readonly TraceMark[]
  /** In the order in which they ended. */
  readonly timed: readonly TimedRange[]
  /** How the cell ended, where it ended with an error. */
  readonly error?: string
}

/** The buffers of a recording that can change hands. */
export function transferOf(recording: Recording): ArrayBuffer[] {
  return recording.log.chunks.map((chunk) => chunk.buffer as ArrayBuffer)
}

/** The shape of a recorded machine. */
export function shapeOf(machine: RecordedMachine): MachineShape {
  const geometry = (machine.vaBits === 52 ? GEOMETRIES_52 : GEOMETRIES)[machine.granule]
  return { ...machine.shape, geometry, layout: machine.layout }
}

/** The log of a recording. */
export function logOf(recording: Recording): TraceLog {
  return TraceLog.from(recording.log)
}

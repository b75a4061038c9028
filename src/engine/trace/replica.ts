/**
 * The state of one machine as its events tell it: page tables, folio metadata, TLBs, counters, swap slots
 * and memory tags, address spaces. Events are done and undone in place (`apply.ts`), in any direction.
 */
import { PageTables } from '../arch/tables'
import type { Geometry } from '../arch/granule'
import type { DescriptorLayout } from '../arch/descriptor'
import { Buddy } from '../mm/buddy'
import { Folios } from '../mm/folio'
import type { PageStateTable } from '../mm/page-states'
import { Counters } from './counters'
import { MM_FIELDS } from './lanes'
import { ReplicaSwap } from './replica-swap'

/** Numbers a TLB entry takes: as `Tlbs` has them, all 0 where unused. */
export class ReplicaTlbs {
  readonly pid: Int32Array
  readonly vpn: Float64Array
  readonly pages: Int32Array
  readonly pfn: Int32Array
  readonly attr: Int32Array
  readonly walkPid: Int32Array
  readonly walkVpn: Float64Array
  readonly walkTable: Int32Array

  constructor(
    /** CPUs and walkers. */
    readonly agents: number,
    readonly entries: number,
    /** Last-level tables that each walk cache remembers. */
    readonly walks: number
  ) {
    const size = agents * entries
    this.pid = new Int32Array(size)
    this.vpn = new Float64Array(size)
    this.pages = new Int32Array(size)
    this.pfn = new Int32Array(size)
    this.attr = new Int32Array(size)
    this.walkPid = new Int32Array(agents * walks)
    this.walkVpn = new Float64Array(agents * walks)
    this.walkTable = new Int32Array(agents * walks)
  }
}

/** An address space. */
export interface ReplicaMm {
  readonly pid: number
  readonly root: number
  /** Number of its list of VMAs in the log. */
  vmas: number
  /** Its counts, as `MM_FIELDS` names them. */
  readonly fields: Float64Array
}

/** What a replica must know of its machine. */
export interface MachineShape {
  readonly geometry: Geometry
  readonly layout: DescriptorLayout
  /** Page frames. */
  readonly frames: number
  readonly agents: number
  readonly tlbEntries: number
  readonly walks: number
}

export class Replica {
  readonly geometry: Geometry
  readonly layout: DescriptorLayout
  readonly tables: PageTables
  readonly folios: Folios
  readonly counters = new Counters()
  readonly tlbs: ReplicaTlbs
  readonly swap = new ReplicaSwap()
  /** Address spaces that live, by pid. */
  readonly mms = new Map<number, ReplicaMm>()
  /** The CPU that acted last. */
  cpu = 0

  constructor(
    readonly shape: MachineShape,
    /** What states of pages are numbered by; replicas that exchange copies share it. */
    pageStates?: PageStateTable
  ) {
    this.geometry = shape.geometry
    this.layout = shape.layout
    this.tables = new PageTables(shape.geometry)
    const buddy = new Buddy(shape.frames, shape.geometry.maxOrder, 0)
    this.folios = new Folios(buddy, new Counters(), shape.geometry.contShift, pageStates)
    this.tlbs = new ReplicaTlbs(shape.agents, shape.tlbEntries, shape.walks)
  }

  newMm(pid: number, root: number): ReplicaMm {
    return { pid, root, vmas: 0, fields: new Float64Array(MM_FIELDS.length) }
  }
}

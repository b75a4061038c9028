/**
 * The calls of machines, processes and regions beyond the hottest ones, by name: arguments and answers
 * travel as JSON, what the script left out as `null`.
 */
import type { BlockCall } from '../../engine/check/block-calls'
import { EngineError } from '../../engine/error'
import type { Machine } from '../../engine/machine'
import { readMemory, vmEvents } from '../../engine/memory'
import { limitBlocks, readBlockPool, refillBlocks } from '../../engine/mm/exposed/pool'
import { beginMigration, undoMigration } from '../../engine/mm/migrate-folio'
import type { Process } from '../../engine/process'
import type { Region } from '../../engine/region'
import { inspectTlb, inspectVmas, residentSet, violations } from '../../engine/views'
import { startWorkload } from '../../engine/workload'
import type { Workload } from '../../engine/workload/heap'
import { bad, bytes, flag, optional, options, text, whole } from './arguments'
import { HUGETLB_CALLS } from './hugetlb-calls'
import { observation } from './observation'
import { REPLAY_CALLS } from './replay-call'
import { TAG_CALLS } from './tag-calls'
import { workloadOptions } from './workload-options'

/** The objects behind a script's handles; each throws for one that is not of the machine in question. */
export interface Handles {
  machineAt(id: unknown): Machine
  processAt(id: unknown): Process
  regionAt(id: unknown): Region
  /** Keeps a workload and answers its number, or finds one. */
  addWorkload(workload: Workload): number
  workloadAt(id: unknown): Workload
  /** The process through which a region is used; its owner by default. */
  through(region: Region, process: unknown): Process
}

type Call = (handles: Handles, args: readonly unknown[]) => unknown

/** A region, a range of its pages, and through whom. */
interface Range {
  readonly region: Region
  readonly from: number | undefined
  readonly count: number | undefined
  readonly process: Process
}

function range(handles: Handles, [id, from, count, process]: readonly unknown[]): Range {
  const region = handles.regionAt(id)
  return {
    region,
    from: optional(from, (value) => whole('from', value)),
    count: optional(count, (value) => whole('count', value)),
    process: handles.through(region, process)
  }
}

/** A page of a region, and through whom. */
function page(handles: Handles, [id, number, process]: readonly unknown[]): [Region, number, Process] {
  const region = handles.regionAt(id)
  return [region, whole('page', number), handles.through(region, process)]
}

function sameMachine(machine: Machine, region: Region): void {
  if (region.process.world === machine.world) return
  throw bad('the region must be one of a process of this machine')
}

/** The frame behind a page; `EFAULT` where nothing is mapped. */
function frame(region: Region, number: number, process: Process): number {
  const { pfn } = region.pte(number, process)
  if (pfn >= 0 && region.folio(number, process) !== undefined) return pfn
  throw new EngineError('EFAULT', `EFAULT: page ${number} maps no folio.`)
}

const CORRUPTIONS = ['contiguous', 'valid', 'writable', 'young', 'dirty', 'pfn', 'swap']

/** Every call by name. */
export const CALLS: Readonly<Record<string, Call>> = {
  'process.clearRefs': (handles, [id, value]) => {
    handles.processAt(id).clearRefs(whole('clearRefs: the value', value))
  },
  'process.thpDisable': (handles, [id, disable]) => {
    handles.processAt(id).thpDisable(flag('thpDisable: the value', disable))
  },
  'process.unpin': (handles, [id]) => {
    handles.processAt(id).unpin()
  },
  'process.batches': (handles, [id]) => handles.processAt(id).batches,
  'process.rss': (handles, [id]) => residentSet(handles.processAt(id).livingMm()),
  'process.vmas': (handles, [id]) => {
    const process = handles.processAt(id)
    return inspectVmas(process.world, process.livingMm())
  },

  'region.store': (handles, [id, number, value, through]) => {
    const [region, at, process] = page(handles, [id, number, through])
    region.store(at, whole('store: the value', value), process)
  },
  'region.load': (handles, args) => {
    const [region, at, process] = page(handles, args)
    return region.load(at, process)
  },
  'region.mprotect': (handles, [prot, ...args]) => {
    const { region, from, count, process } = range(handles, args)
    region.mprotect(text('mprotect: prot', prot), from, count, process)
  },
  'region.mremap': (handles, [to, at, ...args]) => {
    const { region, from, count, process } = range(handles, args)
    const target = handles.regionAt(to)
    handles.through(target, args[3])
    const place = optional(at, (value) => whole('mremap: the page', value))
    region.mremap(target, place, from, count, process)
  },
  'region.mlock': (handles, args) => {
    const { region, from, count, process } = range(handles, args)
    region.mlock(from, count, process)
  },
  'region.pin': (handles, [how, ...args]) => {
    const { region, from, count, process } = range(handles, args)
    const wanted = options('pin: how', how ?? {}, ['write', 'longterm'])
    const chosen = (name: string): boolean =>
      optional(wanted[name], (one) => flag(`pin: ${name}`, one)) ?? true
    return region.pin(from, count, { write: chosen('write'), longterm: chosen('longterm') }, process)
  },
  'region.numaHint': (handles, args) => {
    const { region, from, count, process } = range(handles, args)
    region.numaHint(from, count, process)
  },
  'region.writeProtect': (handles, [how, ...args]) => {
    const { region, from, count, process } = range(handles, args)
    const wanted = options('writeProtect: how', how ?? {}, ['forkEvents'])
    const forkEvents = optional(wanted.forkEvents, (one) => flag('writeProtect: forkEvents', one)) ?? false
    region.writeProtect(from, count, process, { forkEvents })
  },
  'region.block': (handles, args) => {
    const [region, at, process] = page(handles, args)
    return region.block(at, process)
  },
  'region.observe': (handles, args) => {
    const [region, at, process] = page(handles, args)
    return observation(region, at, process)
  },
  'region.whatIf': (handles, [id, number, call, through]) => {
    const [region, at, process] = page(handles, [id, number, through])
    return region.whatIf(at, text('whatIf: the call', call) as BlockCall, process)
  },
  'region.explain': (handles, args) => {
    const [region, at, process] = page(handles, args)
    return region.explain(at, process)
  },
  'region.workload': (handles, [id, given]) => {
    const region = handles.regionAt(id)
    return handles.addWorkload(startWorkload(region, workloadOptions(given)))
  },
  'workload.run': (handles, [id, operations]) => {
    const workload = handles.workloadAt(id)
    workload.run(whole('run: the number of operations', operations))
    return workload.report
  },
  'region.corrupt': (handles, [id, number, change, through]) => {
    const [region, at, process] = page(handles, [id, number, through])
    region.corrupt(at, options('corrupt: the change', change, CORRUPTIONS), process)
  },
  'region.migrate': (handles, args) => {
    const [region, at, process] = page(handles, args)
    process.machine.refuseInStep('migrate')
    return beginMigration(process.world, frame(region, at, process))
  },
  'region.unmigrate': (handles, [id, head]) => {
    const { machine, world } = handles.regionAt(id).process
    machine.refuseInStep('undo')
    undoMigration(world, whole('the folio', head))
  },

  ...HUGETLB_CALLS,
  ...TAG_CALLS,
  ...REPLAY_CALLS,

  'machine.memory': (handles, [id]) => {
    const { world } = handles.machineAt(id)
    return { ...readMemory(world), events: vmEvents(world) }
  },
  'machine.khugepaged': (handles, [id]) => {
    const machine = handles.machineAt(id)
    const { pageSize } = machine.world.geometry
    const { ranges, ...pass } = machine.khugepaged()
    return {
      ...pass,
      ranges: ranges.map(({ pid, vpn, result }) => ({ pid, address: vpn * pageSize, result }))
    }
  },
  'machine.blockPool': (handles, [id]) => {
    const { limit, ...pool } = readBlockPool(handles.machineAt(id).world)
    // JSON has no infinity: without a limit there is none to say.
    return Number.isFinite(limit) ? { ...pool, limit } : pool
  },
  'machine.refillBlocks': (handles, [id]) => {
    const machine = handles.machineAt(id)
    machine.refuseInStep('refillBlocks')
    return refillBlocks(machine.world)
  },
  'machine.limitBlocks': (handles, [id, limit]) => {
    const machine = handles.machineAt(id)
    machine.refuseInStep('limitBlocks')
    limitBlocks(machine.world, bytes('limitBlocks', 'limit', limit ?? undefined) ?? Infinity)
    return true
  },
  'machine.fragment': (handles, [id, how]) => {
    const wanted = options('fragment', how, ['order', 'movable', 'seed'])
    return handles.machineAt(id).fragment({
      order: whole('fragment: order', wanted.order),
      movable: optional(wanted.movable, (share) => Number(share)),
      seed: optional(wanted.seed, (seed) => whole('fragment: seed', seed))
    })
  },
  'machine.shell': (handles, [id, line]) => {
    const machine = handles.machineAt(id)
    machine.refuseInStep('shell')
    return machine.shell.run(text('shell: what is typed', line))
  },
  'machine.actOn': (handles, [id, cpu]) => {
    const machine = handles.machineAt(id)
    const { world, cpus } = machine
    const before = world.currentCpu
    if (whole('cpu', cpu) >= cpus) throw bad(`this machine has CPUs 0 to ${cpus - 1}, no CPU ${Number(cpu)}`)
    world.currentCpu = Number(cpu)
    return before
  },
  'machine.agent': (handles, [id, kind, number]) => {
    const { cpus, agents, world } = handles.machineAt(id)
    if (world.tlbs === undefined)
      throw new EngineError('no-tlb', 'this machine has no TLBs: pass tlb: {} to machine()')
    const [first, end] = kind === 'walker' ? [cpus, agents] : [0, cpus]
    const agent = first + whole(String(kind), number)
    if (agent < end) return agent
    const there = end === first ? 'none' : `0 to ${end - first - 1}`
    throw bad(`no ${String(kind)} ${Number(number)}: this machine has ${there}`)
  },
  'machine.access': (handles, [id, agent, value, ...args]) => {
    const machine = handles.machineAt(id)
    const [region, at, process] = page(handles, args)
    sameMachine(machine, region)
    const stored = optional(value, (one) => whole('store: the value', one))
    if (stored !== undefined && stored > 255)
      throw bad(`store: the value must be a byte, 0 to 255, not ${stored}`)
    const found = machine.access(Number(agent), process.livingMm(), region.vpn(at), stored)
    return { ...found, done: found.pfn >= 0 }
  },
  'machine.tlb': (handles, [id, agent]) => inspectTlb(handles.machineAt(id).world, Number(agent)),
  'machine.fill': (handles, [id, ...args]) => {
    const machine = handles.machineAt(id)
    const [region, at, process] = page(handles, args)
    sameMachine(machine, region)
    machine.speculativeStore(process.livingMm(), region.vpn(at))
  },
  'machine.check': (handles, [id]) => violations(handles.machineAt(id).world),
  'machine.watch': (handles, [id]) => {
    handles.machineAt(id).startWatch()
  },
  'machine.unwatch': (handles, [id]) => {
    handles.machineAt(id).stopWatch()
  },
  'machine.violation': (handles, [id]) => handles.machineAt(id).watch?.full()
}

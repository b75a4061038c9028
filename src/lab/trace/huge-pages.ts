/**
 * Huge pages at an event: the settings files as they are there, what a store would get and why, folio sizes
 * over a range. Lines typed into the console change the settings from this event on, for these answers
 * only: a trace is a run that is over.
 */
import { isPmdLeaf, isPresent } from '../../engine/arch/descriptor'
import { EngineError } from '../../engine/error'
import { kernelByName } from '../../engine/kernel'
import { FOLIO_PARTIALLY_MAPPED, IN_USE, ORDER_SHIFT } from '../../engine/mm/folio'
import { Shell } from '../../engine/sysfs/shell/shell'
import { explainStore, type KnownMemory } from '../../engine/thp/explain'
import { THP_ROOT } from '../../engine/thp/files'
import {
  SIZE_ENABLED,
  TOP_ENABLED,
  DEFRAG,
  SHMEM_ENABLED,
  SHMEM_SIZE_ENABLED
} from '../../engine/thp/settings'
import { anonOrders } from '../../engine/thp/sizes'
import { Sysfs } from '../../engine/thp/sysfs'
import { KIND } from '../../engine/trace/kinds'
import { MM_FIELDS } from '../../engine/trace/lanes'
import { HEAD, NEW_A } from '../../engine/trace/log'
import type { Replica } from '../../engine/trace/replica'
import { World } from '../../engine/world'
import type {
  TraceConsoleLine,
  TraceFolioSize,
  TraceHugePages,
  TraceSettingFile,
  TraceSettingWrite
} from '../results/trace-huge-pages'
import { entryAt } from './entries'
import type { IndexedTrace } from './indexed'
import { replicaOf } from './machine-at'

/** What is asked for. */
export interface HugePagesAsked {
  readonly event: number
  readonly machine: number
  /** The range that folio sizes are wanted of, and the page whose store is explained. */
  readonly range?: { readonly pid: number; readonly address: number; readonly pages: number } | undefined
  readonly page?: number | undefined
  readonly buckets: number
  /** Lines typed so far, oldest first. */
  readonly lines: readonly string[]
  /** Text whose ways to go on are wanted. */
  readonly complete?: string | undefined
}

/** Everything the panel shows of one machine. */
export function hugePagesAt(trace: IndexedTrace, asked: HugePagesAsked): TraceHugePages {
  const { event, machine, range, lines, complete } = asked
  trace.history.seek(event)
  const replica = replicaOf(trace, machine)
  const world = settingsAt(trace, machine, event)
  const sysfs = new Sysfs(world)
  const before = new Map(filesOf(sysfs).map((file) => [file.path, file.text]))
  const shell = new Shell(sysfs, world.bootWarnings)
  const console = lines.map((line) => typed(shell, line))
  return {
    event,
    root: THP_ROOT,
    files: filesOf(sysfs).map((file) => ({ ...file, typed: before.get(file.path) !== file.text })),
    writes: writesOf(trace)
      .filter((write) => write.machine === machine && write.event <= event)
      .slice(-MAX_WRITES),
    console,
    directory: shell.directory,
    sizes: sizesOf(replica),
    ...(complete !== undefined && { completion: shell.complete(complete) }),
    ...(range !== undefined && {
      decision: decisionOf(trace, asked, world, replica, range.pid, range.address, asked.page ?? 0),
      orders: ordersOf(replica, range, asked.buckets)
    })
  }
}

/** Writes listed; older ones are left out. */
const MAX_WRITES = 500
/** Characters kept of what one line printed. */
const MAX_OUTPUT = 32_768

function typed(shell: Shell, text: string): TraceConsoleLine {
  const { directory } = shell
  try {
    const { output, errors, status } = shell.run(text)
    return { directory, text, output: output.slice(0, MAX_OUTPUT), failed: errors !== '', status }
  } catch (error) {
    if (!(error instanceof EngineError)) throw error
    return { directory, text, output: `contpte-lab: ${error.message}\n`, failed: true, status: 1 }
  }
}

/** A world that only has the settings: nothing runs in it. */
function settingsAt(trace: IndexedTrace, machine: number, event: number): World {
  const recorded = trace.machines[machine]
  const { geometry, frames } = trace.shapes[machine]
  const world = new World({
    kernel: kernelByName(recorded.kernel),
    granule: recorded.granule,
    memoryBytes: frames * geometry.pageSize,
    commandLine: recorded.commandLine
  })
  const sysfs = new Sysfs(world)
  for (const write of writesOf(trace)) {
    if (write.machine !== machine || write.event > event) continue
    try {
      sysfs.write(write.path, write.value)
    } catch (error) {
      // A pool of HugeTLB pages may not fit a world without its past: those files are not shown.
      if (!(error instanceof EngineError)) throw error
    }
  }
  const { stats } = trace.log
  for (let at = 0; at < stats.length && stats[at] <= event; at += 4) {
    if (stats[at + 1] === machine) world.thpStats.values[stats[at + 2]] += stats[at + 3]
  }
  return world
}

const writes = new WeakMap<IndexedTrace, readonly TraceSettingWrite[]>()

/** What the script wrote to settings files, in order. */
function writesOf(trace: IndexedTrace): readonly TraceSettingWrite[] {
  const known = writes.get(trace)
  if (known !== undefined) return known
  const { log } = trace
  const found: TraceSettingWrite[] = []
  for (let event = 1; event <= log.length; event++) {
    if ((log.lane(event, HEAD) & 0xff) !== KIND['sysfs-write']) continue
    const text = log.texts[log.lane(event, NEW_A)]
    const at = text.indexOf(' = ')
    found.push({ event, machine: log.machine(event), path: text.slice(0, at), value: text.slice(at + 3) })
  }
  writes.set(trace, found)
  return found
}

const WORDS: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^enabled$/, TOP_ENABLED],
  [/^hugepages-\d+kB\/enabled$/, SIZE_ENABLED],
  [/^defrag$/, DEFRAG],
  [/^shmem_enabled$/, SHMEM_ENABLED],
  [/^hugepages-\d+kB\/shmem_enabled$/, SHMEM_SIZE_ENABLED],
  [/^(?:use_zero_page|shrink_underused|khugepaged\/defrag)$/, ['0', '1']]
]

/** The files below `transparent_hugepage/`, in the order of a listing. */
function filesOf(sysfs: Sysfs): Omit<TraceSettingFile, 'typed'>[] {
  return sysfs
    .entries('')
    .filter(({ path }) => !path.endsWith('/'))
    .map(({ path, mode, text = '' }) => ({
      path,
      writable: mode === '0644',
      text: text.trimEnd(),
      words: [...(WORDS.find(([pattern]) => pattern.test(path))?.[1] ?? [])]
    }))
}

/** The decision of `explain.ts` over the replica's tables, and over free memory as it was looked at last. */
function decisionOf(
  trace: IndexedTrace,
  { event, machine }: HugePagesAsked,
  world: World,
  replica: Replica,
  pid: number,
  address: number,
  page: number
): TraceHugePages['decision'] {
  const mm = replica.mms.get(pid)
  const vpn = Math.floor(address / replica.geometry.pageSize) + page
  const vma = mm && trace.log.vmaLists[mm.vmas].find(({ start, end }) => start <= vpn && vpn < end)
  if (mm === undefined || vma === undefined) return undefined
  const { kernel, thp } = world
  const { geometry, tables } = replica
  const view = { kernel, thp, geometry, tables, memory: knownMemory(trace, event, machine) }
  const flags = mm.fields[MM_FIELDS.indexOf('flags')]
  return explainStore(view, { root: mm.root, flags }, vma, vpn)
}

/** Free blocks are in no event: the last sample before `event` tells. */
function knownMemory(trace: IndexedTrace, event: number, machine: number): KnownMemory | undefined {
  const sample = trace.log.memory.findLast((one) => one.machine === machine && one.event <= event)
  if (sample === undefined) return undefined
  const largestFree = sample.freeBlocks.findLastIndex((blocks) => blocks > 0)
  return { largestFree, seen: `as of event ${sample.event}` }
}

/** By bucket, the order of the largest folio in it; -1 where nothing is mapped, -2 for the page of zeroes. */
function ordersOf(
  replica: Replica,
  { pid, address, pages }: NonNullable<HugePagesAsked['range']>,
  buckets: number
): number[] {
  const mm = replica.mms.get(pid)
  const first = Math.floor(address / replica.geometry.pageSize)
  const orders = new Array<number>(Math.min(buckets, pages)).fill(-1)
  if (mm === undefined) return orders
  for (let i = 0; i < pages; i++) {
    const { attr, pfn } = entryAt(replica, mm, first + i)
    if (!isPresent(attr) && !isPmdLeaf(attr)) continue
    const bucket = Math.floor((i * orders.length) / pages)
    const order = replica.folios.word(pfn) === 0 ? -2 : replica.folios.order(pfn)
    orders[bucket] = orders[bucket] === -1 ? order : Math.max(orders[bucket], order)
  }
  return orders
}

/** Folios of each size that somebody holds, single pages among them. */
function sizesOf({ folios, geometry }: Replica): TraceFolioSize[] {
  const orders = [0, ...anonOrders(geometry)]
  const counts = new Map(orders.map((order) => [order, { folios: 0, partially: 0 }]))
  folios.states.forEach((pfn, word) => {
    const order = word >>> ORDER_SHIFT
    // Of each folio its first page.
    if ((word & IN_USE) === 0 || (pfn & ((1 << order) - 1)) !== 0) return
    const count = counts.get(order)
    if (count === undefined) return
    count.folios++
    if ((folios.flags(pfn) & FOLIO_PARTIALLY_MAPPED) !== 0) count.partially++
  })
  return [...counts].map(([order, count]) => ({ bytes: geometry.pageSize * 2 ** order, order, ...count }))
}

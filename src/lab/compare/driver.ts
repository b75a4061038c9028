/**
 * Replays the steps of a case on a simulated machine and says what came of each, in the schema of the
 * recordings.
 */
import type { CpuFeatures } from '../../engine/arch/cpu'
import { kernelByName, kernelNames } from '../../engine/kernel'
import { filePage, sharedMemory } from '../../engine/mm/file'
import { hugeZeroPage } from '../../engine/mm/fault-pmd'
import { FOLIO_REFERENCED } from '../../engine/mm/folio'
import { newMm } from '../../engine/mm/fork'
import { anonymousVma, VM_MAYWRITE, VM_READ, VM_SHARED, VM_WRITE } from '../../engine/mm/mm'
import { makePmd } from '../../engine/mm/walk'
import * as sys from '../../engine/syscalls'
import { THP_STAT_NAMES } from '../../engine/thp/stats'
import { COUNTER_INDEX, type CounterName } from '../../engine/trace/counters'
import { VM_EVENT_NAMES } from '../../engine/trace/vmstat'
import { World, type WorldConfig } from '../../engine/world'
import { countsSince, takeCounts, type CountsTaken } from './counts'
import { failed, Unsupported } from './outcome'
import { CaseLeeway, NO_LEEWAY, type Leeway } from './allowances'
import { harnessCounts, harnessEvents, PROGRAM_VMAS, type Harness } from './harness'
import type { Args, Boot, Step, Tally } from './schema'
import { RECORDER_COMMAND_LINE } from './recorder'
import { SettingsFiles } from './settings'
import type { SlotHistory } from './slot-history'
import { REGION_GRID, View, type Proc, type Region } from './view'

export { Unsupported } from './outcome'

interface Taken {
  readonly counts: CountsTaken
  readonly tlbi: number[]
  readonly vm: Float64Array
  readonly thp: Float64Array
}

/** Swap on zram that a boot with `lab_swap=zram` has. */
const ZRAM = 256 * 2 ** 20
const MEMORY = 2 * 2 ** 30
const TAGS = 16
const FIRST_REGION = 0x10_0000_0000
const PROGRAM = 0x40_0000
const REPORT_BELOW_TOP = 2 ** 31

const TLBI: readonly (readonly [string, CounterName])[] = [
  ['aside1is', 'tlbiAside1is'],
  ['rvae1is', 'tlbiRvae1is'],
  ['rvale1is', 'tlbiRvale1is'],
  ['vae1is', 'tlbiVae1is'],
  ['vale1is', 'tlbiVale1is']
]

/** What the recorded CPU models can do. */
export function cpuOf(boot: Boot): CpuFeatures {
  return {
    hafdbs: boot.features.hafdbs >= 2,
    tlbRange: boot.features.tlb >= 2,
    kpti: false,
    lpa2: boot.cpu === 'max',
    repeatTlbi: boot.cpu === 'neoverse-n1',
    ...(boot.mte && { mte: true })
  }
}

/** One case being replayed. */
export class Replay {
  readonly world: World
  readonly #settings: SettingsFiles
  readonly #procs: Proc[] = []
  /** The regions of the case, the same for every process. */
  readonly #regions = new Map<string, Region>()
  readonly #view = new View()
  /** Memory shared by the program and its children. */
  readonly #report = sharedMemory(1)
  #pid = 1
  readonly harness: Harness

  readonly #leeway: CaseLeeway

  /** `cold`: the case is the baseline that its boot begins with. */
  constructor(kernel: string, boot: Boot, cold = false) {
    const name = kernel.replace(/-16k$/, '')
    if (!kernelNames().includes(name)) throw new Unsupported(`the kernel ${kernel} is not simulated`)
    const record = kernelByName(name)
    const config: WorldConfig = {
      kernel: record,
      granule: boot.page_size === 16384 ? '16K' : boot.page_size === 65536 ? '64K' : '4K',
      memoryBytes: MEMORY,
      cpu: cpuOf(boot),
      commandLine: `${RECORDER_COMMAND_LINE} ${boot.append}`,
      ...(boot.append.includes('lab_swap=zram') && { swapBytes: ZRAM })
    }
    this.world = new World(config)
    this.#settings = new SettingsFiles(this.world, config)
    this.harness = {
      kernel: record.name,
      pageSize: this.world.geometry.pageSize,
      cpu: boot.cpu,
      cold,
      exits: 0,
      children: 0,
      steps: 0
    }
    this.#leeway = new CaseLeeway(this.world, this.harness)
    const mm = newMm(this.world, this.#pid)
    // The program's own mapping, in the same upper tables as the regions. Its children do not keep it.
    const program = PROGRAM / this.world.geometry.pageSize
    makePmd(this.world, mm, program)
    sys.sysMmap(this.world, mm, { vpn: program, pages: 1, prot: 'r' })
    this.#procs.push({ name: 'p', mm })
    const report = filePage(this.world, mm, this.#report, 0)
    this.world.lru.drain()
    this.world.folios.setFlags(report, FOLIO_REFERENCED)
  }

  /**
   * The shared page through which a child reports, dirty in its tables at the end. It lies above all
   * regions, below the top of the default address space.
   */
  #mapReport({ mm }: Proc): void {
    const { geometry } = this.world
    const top = geometry.name === '16K' ? 2 ** 47 : 2 ** 48
    const vpn = (top - REPORT_BELOW_TOP) / geometry.pageSize
    const vma = anonymousVma(vpn, vpn + 1, VM_READ | VM_WRITE | VM_MAYWRITE | VM_SHARED)
    mm.insertVma({ ...vma, pgoff: 0, file: this.#report })
    sys.userWrite(this.world, mm, vpn, 1, 1, () => 1)
  }

  /** What a recording of the last step may show besides. */
  leeway: Leeway = NO_LEEWAY

  /** What earlier cases of the boot left in the slot caches of the swap area. */
  leaveSlots({ taken, returned }: SlotHistory): void {
    this.world.swap?.leave(taken, returned)
  }

  /** The huge zero page is there before the first step, from an earlier case of the boot. */
  leaveHugeZero(): void {
    hugeZeroPage(this.world, this.#proc('p').mm)
  }

  /** Does one step and says what came of it. */
  step(recorded: Step): Step {
    const { op, args, who, i } = recorded
    const base = { i, op, args, ...(who !== undefined && { who }) }
    if (op === 'thp' || op === 'sys' || op === 'cat' || op === 'tree') {
      const before = this.world.vm.slice()
      const result = this.#settings.step(op, args)
      const vm = this.#events(recorded, before)
      this.harness.steps++
      this.leeway = NO_LEEWAY
      return { ...base, ...result, ...(Object.keys(vm).length > 0 && { vm }) }
    }
    if (op === 'exit') {
      const proc = this.#proc(who ?? 'p')
      this.#mapReport(proc)
      // Recorded: the program has just unmapped something else, which completed what reclaim had put off.
      proc.mm.tlbFlushBatched = false
    }
    const before = this.#take()
    if (op === 'exit') this.#drainUncounted()
    const chances = this.world.foldChances
    const result = op === 'dump' ? {} : this.#operate(op, args, who ?? 'p')
    const after = this.#take()
    const simulated: Step = {
      ...base,
      ...result,
      ...(op !== 'dump' && this.#tallies(recorded, before, after)),
      ...this.#view.step(this.world, this.#procs, [...this.#regions.values()])
    }
    this.leeway = this.#leeway.of(recorded, simulated, this.world.foldChances - chances)
    return simulated
  }

  #take(): Taken {
    const { counters, vm, thpStats } = this.world
    return {
      counts: takeCounts(this.world),
      tlbi: TLBI.map(([, name]) => counters.values[COUNTER_INDEX[name]]),
      vm: vm.slice(),
      thp: thpStats.values.slice()
    }
  }

  #tallies(recorded: Step, before: Taken, after: Taken): Partial<Step> {
    const { geometry } = this.world
    const tlbi: Record<string, number> = {}
    TLBI.forEach(([kind], k) => put(tlbi, kind, after.tlbi[k] - before.tlbi[k]))
    const vm = this.#events(recorded, before.vm)
    const thp: Record<string, number> = {}
    const names = THP_STAT_NAMES.length
    after.thp.forEach((value, k) => {
      const kb = (geometry.pageSize * 2 ** Math.floor(k / names)) / 1024
      put(thp, `${kb}kB/${THP_STAT_NAMES[k % names]}`, value - before.thp[k])
    })
    const counts = countsSince(this.world, before.counts)
    for (const [name, n] of Object.entries(harnessCounts(this.harness, recorded))) {
      put(counts, name, (counts[name] ?? 0) + n)
    }
    if (recorded.op === 'exit') {
      this.harness.exits++
      this.harness.children--
    } else if (recorded.op === 'fork') this.harness.children++
    this.harness.steps++
    const some = <T extends object>(key: string, tally: T) =>
      Object.keys(tally).length > 0 ? { [key]: tally } : {}
    return {
      counts: sorted(counts),
      ...some('tlbi', tlbi),
      ...some('vm', vm),
      ...some('thp', sorted(thp))
    }
  }

  /** Events of /proc/vmstat since, those of the program among them. */
  #events(recorded: Step, before: Float64Array): Tally {
    const extra = harnessEvents(this.harness, recorded)
    const vm: Record<string, number> = {}
    VM_EVENT_NAMES.forEach((name, k) => put(vm, name, this.world.vm[k] - before[k] + (extra[name] ?? 0)))
    return sorted(vm)
  }

  #proc(name: string): Proc {
    const found = this.#procs.find((each) => each.name === name)
    if (found === undefined) throw new Error(`there is no process ${name}`)
    return found
  }

  /**
   * Recorded: the LRU batches are empty when a process exits. Their events are counted in its step, the
   * functions that emptied them are not: they ran before the window of function counts opened.
   */
  #drainUncounted(): void {
    const { world } = this
    const calls = world.calls.slice()
    world.lru.drain()
    world.calls.set(calls)
  }

  #operate(op: string, args: Args, who: string): Partial<Step> {
    const proc = this.#proc(who)
    try {
      return this.#call(op, args, proc)
    } catch (error) {
      return failed(error)
    }
  }

  #call(op: string, args: Args, proc: Proc): Partial<Step> {
    const { world } = this
    const { mm } = proc
    switch (op) {
      case 'mmap':
        return this.#mmap(args, proc)
      case 'write':
      case 'read':
        return this.#access(op, args, proc)
      case 'fork': {
        const child = sys.sysFork(world, mm, ++this.#pid)
        child.vmas.splice(0, PROGRAM_VMAS)
        this.#procs.push({ name: String(args.c), mm: child })
        return { rc: 0 }
      }
      case 'exit':
        sys.sysExit(world, mm)
        this.#procs.splice(this.#procs.indexOf(proc), 1)
        return { rc: 0 }
      case 'unpin':
        sys.sysUnpin(world, mm)
        return { rc: 0 }
      case 'clearrefs':
        sys.sysClearRefs(world, mm, Number(args.val))
        return { rc: String(args.val).length }
      case 'prctl':
        sys.sysThpDisable(world, mm, Number(args.thp_disable) !== 0)
        return { rc: 0 }
      case 'mte_enable':
        sys.sysTagCheck(world, mm, 'sync')
        return { rc: 0 }
      case 'settag':
      case 'gettag':
        return this.#tags(op, args, proc)
      default:
        return this.#ranged(op, args, proc)
    }
  }

  #ranged(op: string, args: Args, proc: Proc): Partial<Step> {
    const { world } = this
    const { mm } = proc
    const region = this.#region(args)
    const from = Number(args.from ?? 0)
    const n = Number(args.n ?? region.pages - from)
    const vpn = region.start + from
    switch (op) {
      case 'munmap':
        sys.sysMunmap(world, mm, vpn, n)
        return { rc: 0 }
      case 'mprotect':
        sys.sysMprotect(world, mm, vpn, n, protOf(args.prot))
        return { rc: 0 }
      case 'madvise':
        sys.sysMadvise(world, mm, vpn, n, String(args.adv) as sys.MadviseAdvice)
        return { rc: 0 }
      case 'mlock':
        sys.sysMlock(world, mm, vpn, n)
        return { rc: 0 }
      case 'mremap': {
        const to = String(args.to)
        const start = this.#vpnOf(to, Number(args.at ?? 0))
        sys.sysMremap(world, mm, vpn, n, start)
        this.#regions.set(to, { r: to, start, pages: n })
        return { rc: 0 }
      }
      case 'pin':
        return {
          rc: sys.sysPin(world, mm, vpn, n, {
            write: Number(args.write ?? 1) !== 0,
            longterm: Number(args.longterm ?? 1) !== 0
          })
        }
      default:
        throw new Unsupported(`the operation ${op} is not simulated`)
    }
  }

  #mmap(args: Args, proc: Proc): Partial<Step> {
    const r = String(args.r)
    const pages = Number(args.n)
    const start = this.#vpnOf(r, Number(args.at ?? 0))
    const prot = protOf(args.prot ?? 'rw')
    const huge = args.huge === undefined ? undefined : Number(args.huge) - this.world.geometry.pageShift
    sys.sysMmap(this.world, proc.mm, { vpn: start, pages, prot, shared: args.flags === 'shared', huge })
    this.#regions.set(r, { r, start, pages })
    return { rc: 0 }
  }

  #access(op: 'read' | 'write', args: Args, proc: Proc): Partial<Step> {
    const region = this.#region(args)
    const from = Number(args.from ?? 0)
    const n = Number(args.n ?? region.pages - from)
    const step = Number(args.step ?? 1)
    const vpn = region.start + from
    if (op === 'write') {
      const outcome = sys.userWrite(this.world, proc.mm, vpn, n, step, (page) =>
        args.val === undefined ? own(page - region.start) : Number(args.val)
      )
      return accessed(outcome)
    }
    const data: [number, number, number | 'own'][] = []
    const outcome = sys.userRead(this.world, proc.mm, vpn, n, step, (page, value) => {
      const at = page - region.start
      const last = data.at(-1)
      const seen = value === own(at) && value !== 0 ? 'own' : value
      if (last !== undefined && last[0] + last[1] === at && (last[2] === value || last[2] === seen)) last[1]++
      else data.push([at, 1, seen])
    })
    return { ...accessed(outcome), data }
  }

  #tags(op: 'settag' | 'gettag', args: Args, { mm }: Proc): Partial<Step> {
    const region = this.#region(args)
    const from = Number(args.from ?? 0)
    const n = Number(args.n ?? region.pages - from)
    const vpn = region.start + from
    if (op === 'settag') {
      const tag = Number(args.tag)
      const same = Number(args.same ?? 0) !== 0
      return accessed(
        sys.userSetTags(this.world, mm, vpn, n, (page) => (same ? tag : (tag + page - vpn) % TAGS))
      )
    }
    const data: (number | string)[] = []
    const outcome = sys.userGetTags(this.world, mm, vpn, n, (_page, tags) => {
      const one = Math.log2(tags)
      data.push(Number.isInteger(one) ? one : `mixed${tags.toString(16)}`)
    })
    return { ...accessed(outcome), data }
  }

  /** A region, also one that nothing was ever mapped in (an mremap to it failed). */
  #region(args: Args): Region {
    const r = String(args.r)
    return this.#regions.get(r) ?? { r, start: this.#vpnOf(r, 0), pages: Number(args.n ?? 0) }
  }

  #vpnOf(r: string, at: number): number {
    return (FIRST_REGION + Number(r.slice(1)) * REGION_GRID) / this.world.geometry.pageSize + at
  }
}

/** What a `write` without `val` stores into page `page` of its region. */
function own(page: number): number {
  return (page % 251) + 1
}

function protOf(prot: unknown): string {
  return String(prot)
}

function accessed({ done, signal }: sys.AccessOutcome): Partial<Step> {
  return { rc: done, ...(signal !== undefined && { signal }) }
}

function put(tally: Record<string, number>, name: string, n: number): void {
  if (n === 0) delete tally[name]
  else tally[name] = n
}

function sorted(tally: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(tally).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/**
 * One fuzzed world: processes in one arena, random system calls and accesses through `syscalls.ts`,
 * other CPUs that access memory in the middle of them, and everything checked. What step n does
 * follows from the seed and n alone (and from what there is), so that steps can be left out.
 */
import { isPresent } from '../../src/engine/arch/descriptor'
import { Seeded, mix } from '../../src/engine/arch/seeded'
import { Oracle, SharedPages } from '../../src/engine/check/oracle'
import { Watch, type WatchedViolation } from '../../src/engine/check/watch'
import { EngineError } from '../../src/engine/error'
import { truncateFile, type FileMapping } from '../../src/engine/mm/file'
import { newMm } from '../../src/engine/mm/fork'
import type { Mm } from '../../src/engine/mm/mm'
import { findPmd, findSlot } from '../../src/engine/mm/walk'
import * as sys from '../../src/engine/syscalls'
import { Sysfs } from '../../src/engine/thp/sysfs'
import type { TraceLog } from '../../src/engine/trace/log'
import { World } from '../../src/engine/world'
import { otherCpu } from './access'
import { lookOn, type Verdicts } from './observer'
import { NAMES, OPERATIONS, type OpName } from './operations'
import { ARENA, type Plan } from './plan'
import { enableBlocks, settings } from './process'
import { checkTags } from './tags'

/** A process. */
export interface Proc {
  readonly mm: Mm
  readonly oracle: Oracle
}

/** Errors that the simulated system may answer to a call that makes no sense. */
const ANSWERS = new Set(['ENOENT', 'EFAULT', 'ENOMEM', 'EINVAL', 'EAGAIN', 'EBUSY', 'EPERM', 'EACCES', 'EIO'])

/** See the head of the file. */
export class Life {
  readonly world: World
  readonly watch: Watch
  readonly sysfs: Sysfs
  readonly procs: Proc[] = []
  readonly random = new Seeded()
  /** What other CPUs do in the middle of operations. */
  readonly elsewhere = new Seeded()
  readonly base: number
  readonly arena: number
  readonly shared = new SharedPages()
  /** How often each operation was done. */
  readonly counts = new Map<OpName, number>()
  /** Operations that the engine does not model yet, by name. */
  readonly unsupported = new Map<string, number>()
  /** Files that were mapped: their pages stay in the cache until the end of the world. */
  readonly files: FileMapping[] = []
  /** What those found who looked at blocks that were being cleared. */
  readonly verdicts: Verdicts = new Map()
  /** Full looks at the world. */
  fullChecks = 0
  /** Something was met that is not simulated: nothing can be said any more. */
  over = false
  /** The last operation, in words; only where `verbose`. */
  said = ''
  /** Pages that another CPU wrote while a fork ran: the child may have seen it or not. */
  readonly raced: number[] = []
  /** The process whose operation runs. */
  acting: Proc | undefined
  /** The range of the operation that runs. */
  from = 0
  count = 0
  /** Another CPU acts in the middle of an operation. */
  inside = false
  /** Pages are being moved from one address to another. */
  moving = false
  readonly #weights: readonly number[]
  readonly #total: number
  #pid = 0

  constructor(
    readonly plan: Plan,
    readonly verbose = false,
    trace?: { readonly log: TraceLog; readonly machine: number },
    /** Without TLBs every access walks. */
    tlbs = true
  ) {
    const { kernel, granule, memoryBytes, swapBytes, cpu, tlb, seed } = plan
    this.world = new World({
      kernel,
      granule,
      memoryBytes,
      cpu,
      tlb: tlbs ? tlb : undefined,
      seed,
      swapBytes,
      swapDevice: { synchronous: plan.synchronous },
      trace
    })
    this.world.fastPaths = plan.fastPaths
    if (this.world.mte !== undefined) this.world.mte.saved.limit = plan.tagBuffers
    this.watch = new Watch(this.world)
    this.watch.elsewhere = () => otherCpu(this)
    lookOn(this)
    this.sysfs = new Sysfs(this.world)
    this.arena = ARENA[granule]
    // The arena begins at a border of the largest leaf.
    this.base = 2 ** 4 * this.world.geometry.tableEntries ** 2
    this.#weights = NAMES.map((name) => plan.weights[name] ?? OPERATIONS[name].weight)
    this.#total = this.#weights.reduce((sum, weight) => sum + weight, 0)
    const first = new Seeded(seed ^ 0x5bd1e995)
    if (first.below(4) > 0) settings(this, first, 6)
    if (first.below(4) > 0) enableBlocks(this)
  }

  /** Runs step `step`; the violation that it brought to light, if any. */
  take(step: number): WatchedViolation | undefined {
    const { plan, random, world, watch } = this
    random.seed(mix(plan.seed) + Math.imul(step + 1, 0x9e3779b1))
    this.elsewhere.seed(random.next() | 0)
    world.tlbs?.random.seed(random.next() | 0)
    world.currentCpu = random.below(plan.cpus)
    let name = this.#choose()
    if (this.procs.length === 0) {
      this.procs.push({ mm: newMm(world, this.nextPid()), oracle: this.newOracle() })
      name = 'mmap'
    }
    if (OPERATIONS[name].possible?.(this) === false) name = 'write'
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1)
    const proc = this.procs[random.below(this.procs.length)]
    this.acting = name === 'exit' ? undefined : proc
    this.raced.length = 0
    if (this.verbose) this.said = `${name} (mm ${proc.mm.pid}, CPU ${world.currentCpu})`
    try {
      OPERATIONS[name].run(this, proc)
    } catch (error) {
      this.inside = false
      this.moving = false
      const thrown = this.#judge(name, error)
      if (thrown !== undefined) return watch.violation ?? thrown
    }
    this.acting = undefined
    this.moving = false
    return watch.end(this.procs.includes(proc) ? proc.mm : undefined)
  }

  /** Everything, as it is now, also the contents of every page mapped. */
  full(): WatchedViolation | undefined {
    this.fullChecks++
    const violation = this.watch.full()
    if (violation !== undefined) return violation
    for (const proc of this.procs) {
      for (let vpn = this.base; vpn < this.base + this.arena; vpn++) {
        const found = this.#content(proc.mm, vpn)
        if (found < 0 || proc.oracle.allows(vpn, found)) continue
        return this.wrongContent(proc, vpn, found)
      }
      const wrongTag = checkTags(this, proc)
      if (wrongTag !== undefined) return wrongTag
    }
    return undefined
  }

  /** All processes end; nothing may be left. */
  finish(): WatchedViolation | undefined {
    const { world } = this
    try {
      this.#endAll()
    } catch (error) {
      const thrown = this.#judge('exit', error)
      if (thrown !== undefined) return this.watch.violation ?? thrown
      if (this.over) return undefined
    }
    this.fullChecks++
    const violation = this.watch.full()
    if (violation !== undefined) return violation
    const { buddy } = world.folios
    // The huge page of zeroes stays for the next who wants it.
    const zero = world.hugeZeroPfn < 0 ? 0 : world.geometry.tableEntries
    const missing = buddy.pages - 2 ** buddy.maxOrder - buddy.freePages - zero
    const slots = world.swap === undefined ? 0 : world.swap.slots - 1 - world.swap.free - world.swap.parked
    if (missing === 0 && world.tables.state[2] === 0 && slots === 0) return undefined
    const found = `${missing} pages, ${world.tables.state[2]} tables and ${slots} swap slots are left after the last exit`
    return { rule: 'leak', object: 'the world', found, during: '' }
  }

  nextPid(): number {
    return ++this.#pid
  }

  newOracle(): Oracle {
    return new Oracle(this.base, this.arena, this.shared)
  }

  /** The engine says that it does not simulate `name` yet, and did nothing. */
  leftOut(name: string): void {
    this.unsupported.set(name, (this.unsupported.get(name) ?? 0) + 1)
  }

  /** Chooses a range of the process: mostly inside one VMA, sometimes anywhere. */
  range(proc: Proc): void {
    const { random, base, arena, world } = this
    const { vmas } = proc.mm
    const c = world.geometry.contPtes
    const limit = world.geometry.tableEntries + 4 * c
    if (vmas.length === 0 || random.below(12) === 0) {
      this.from = base + random.below(arena)
      this.count = 1 + random.below(Math.min(limit, base + arena - this.from))
    } else {
      const vma = vmas[random.below(vmas.length)]
      const page = vma.start + random.below(vma.end - vma.start)
      const folio = random.below(3) > 0 ? this.#folioAt(proc.mm, page) : undefined
      const [start, end] =
        folio === undefined
          ? [vma.start, vma.end]
          : [Math.max(folio.start, vma.start), Math.min(folio.end, vma.end)]
      const die = random.below(8)
      if (die < 3) {
        this.from = start
        this.count = end - start
      } else if (die < 7) {
        this.from = page
        this.count = 1 + random.below(Math.min(end - page, die < 6 ? 2 * c : end - page))
      } else {
        // Whole blocks.
        this.from = Math.min(Math.ceil(page / c) * c, vma.end - 1)
        this.count = Math.min(c * (1 + random.below(8)), vma.end - this.from)
      }
      this.count = Math.min(this.count, limit)
    }
    this.watch.begin(proc.mm, this.from, this.count)
    this.say('')
  }

  /** Where the large folio that maps page `vpn` begins and ends, if one does. */
  #folioAt(mm: Mm, vpn: number): { readonly start: number; readonly end: number } | undefined {
    const { tables, folios } = this.world
    const slot = findSlot(this.world, mm, vpn)
    if (slot === 0 || !isPresent(tables.attr(slot))) return undefined
    const pfn = tables.pfn(slot)
    const order = folios.order(pfn)
    if (folios.word(pfn) === 0 || order === 0) return undefined
    const start = vpn - (pfn - folios.head(pfn))
    return { start, end: start + 2 ** order }
  }

  say(text: string): void {
    if (this.verbose) this.said += ` [${this.from - this.base} +${this.count}] ${text}`
  }

  wrongContent(proc: Proc, vpn: number, found: number): WatchedViolation {
    const object = `mm ${proc.mm.pid}, page ${vpn - this.base} of the arena`
    return { rule: 'content', object, found: `holds ${found}, not ${proc.oracle.expected(vpn)}`, during: '' }
  }

  #endAll(): void {
    const { world } = this
    for (const { mm } of this.procs.splice(0)) {
      sys.sysUnpin(world, mm)
      sys.sysExit(world, mm)
    }
    for (const file of this.files) truncateFile(world, file)
    for (const pool of world.hugetlb.pools) {
      pool.overcommit = 0
      pool.resize(0)
    }
    world.lru.drainAll()
  }

  #choose(): OpName {
    let die = this.random.below(this.#total)
    for (let i = 0; i < NAMES.length; i++) {
      die -= this.#weights[i]
      if (die < 0) return NAMES[i]
    }
    return 'write'
  }

  /** What the tables say that the page holds, or -1 where nothing is mapped. */
  #content(mm: Mm, vpn: number): number {
    const { tables, folios, geometry } = this.world
    let slot = findSlot(this.world, mm, vpn)
    let offset = 0
    if (slot === 0) {
      slot = findPmd(this.world, mm, vpn)
      offset = vpn & (geometry.tableEntries - 1)
    }
    if (slot === 0 || !isPresent(tables.attr(slot))) return -1
    const pfn = tables.pfn(slot) + offset
    return folios.word(pfn) === 0 ? 0 : folios.content(pfn)
  }

  /** What an exception means: an answer of the system, something not simulated yet, or a mistake. */
  #judge(name: OpName, error: unknown): WatchedViolation | undefined {
    if (error instanceof EngineError) {
      if (ANSWERS.has(error.code)) return undefined
      if (error.code === 'not-modelled') {
        // What it did before it gave up cannot be judged.
        this.leftOut(name)
        this.over = true
        return undefined
      }
    }
    const message = error instanceof Error ? error.message : String(error)
    const stuck = error instanceof EngineError && error.code === 'no-progress'
    const rule = stuck ? 'no-progress' : message.includes('refcount') ? 'refcount-below-zero' : 'engine-error'
    const at = error instanceof Error && this.verbose ? `\n${error.stack ?? ''}` : ''
    return { rule, object: name, found: message + at, during: '' }
  }
}

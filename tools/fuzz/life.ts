/**
 * One fuzzed world: processes in one arena, random system calls and accesses through `syscalls.ts`,
 * other CPUs that access memory in the middle of them, and everything checked. What step n does
 * follows from the seed and n alone (and from what there is), so that steps can be left out.
 */
import { agentAccess } from '../../src/engine/arch/agent'
import { Seeded, mix } from '../../src/engine/arch/seeded'
import { translate } from '../../src/engine/arch/translate'
import { SPECIAL, isPresent } from '../../src/engine/arch/descriptor'
import { Oracle, SharedPages } from '../../src/engine/check/oracle'
import { Watch, type WatchedViolation } from '../../src/engine/check/watch'
import { EngineError } from '../../src/engine/error'
import { newMm } from '../../src/engine/mm/fork'
import { VM_DONTCOPY, VM_WIPEONFORK, type Mm } from '../../src/engine/mm/mm'
import { findPmd, findSlot } from '../../src/engine/mm/walk'
import * as sys from '../../src/engine/syscalls'
import { Sysfs } from '../../src/engine/thp/sysfs'
import { World } from '../../src/engine/world'
import { ARENA, type Plan } from './plan'

/** A process. */
interface Proc {
  readonly mm: Mm
  readonly oracle: Oracle
}

/** How often each operation is chosen. */
const WEIGHTS = {
  write: 26,
  read: 12,
  mmap: 8,
  munmap: 5,
  dontneed: 8,
  fork: 5,
  exit: 4,
  mprotect: 8,
  free: 4,
  cold: 2,
  pageout: 3,
  advise: 3,
  collapse: 1,
  populate: 2,
  mremap: 4,
  mlock: 1,
  pin: 2,
  unpin: 1,
  clearRefs: 1,
  sysfs: 3,
  thpDisable: 1,
  agent: 4,
  drain: 1
}
export type OpName = keyof typeof WEIGHTS
const NAMES = Object.keys(WEIGHTS) as OpName[]
const TOTAL = NAMES.reduce((sum, name) => sum + WEIGHTS[name], 0)

/** Errors that the simulated system may answer to a call that makes no sense. */
const ANSWERS = new Set(['EFAULT', 'ENOMEM', 'EINVAL', 'EAGAIN', 'EBUSY', 'EPERM', 'EACCES', 'EIO'])
const SIZES = ['always', 'always', 'always', 'inherit', 'madvise', 'never']
const TOPS = ['always', 'madvise', 'never']
const PROTS = ['rw', 'rw', 'rw', 'r', 'r', 'none', 'rx', 'rwx']

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
  /** Operations that the engine does not model yet, by name. */
  readonly unsupported = new Map<string, number>()
  /** Something was met that is not simulated: nothing can be said any more. */
  over = false
  /** The last operation, in words; only where `verbose`. */
  said = ''
  /** Pages that another CPU wrote while a fork ran: the child may have seen it or not. */
  readonly #raced: number[] = []
  #pid = 0
  #acting: Proc | undefined
  #from = 0
  #count = 0
  #inside = false

  constructor(
    readonly plan: Plan,
    readonly verbose = false,
    /** Operations left alone. */
    readonly skip: ReadonlySet<string> = new Set()
  ) {
    const { kernel, granule, memoryBytes, cpu, tlb, seed } = plan
    this.world = new World({ kernel, granule, memoryBytes, cpu, tlb, seed })
    this.world.fastPaths = plan.fastPaths
    this.watch = new Watch(this.world)
    this.watch.elsewhere = () => this.#otherCpu()
    this.sysfs = new Sysfs(this.world.thp)
    this.arena = ARENA[granule]
    // The arena begins at a border of the largest leaf.
    this.base = 2 ** 4 * this.world.geometry.tableEntries ** 2
    if (seed % 3 !== 0) this.#settings(new Seeded(seed ^ 0x5bd1e995), 6)
  }

  /** Runs step `step`; the violation that it brought to light, if any. */
  take(step: number): WatchedViolation | undefined {
    const { plan, random, world, watch } = this
    random.seed(mix(plan.seed) + Math.imul(step + 1, 0x9e3779b1))
    this.elsewhere.seed(random.next() | 0)
    world.tlbs?.random.seed(random.next() | 0)
    world.currentCpu = random.below(plan.cpus)
    let die = random.below(TOTAL)
    let name: OpName = 'write'
    for (const each of NAMES) {
      die -= WEIGHTS[each]
      if (die < 0) {
        name = each
        break
      }
    }
    if (this.procs.length === 0) {
      this.procs.push(this.#spawn())
      name = 'mmap'
    }
    if (this.skip.has(name)) return undefined
    const proc = this.procs[random.below(this.procs.length)]
    this.#acting = name === 'exit' ? undefined : proc
    this.#raced.length = 0
    if (this.verbose) this.said = `${name} (mm ${proc.mm.pid}, CPU ${world.currentCpu})`
    try {
      this.#do(name, proc)
    } catch (error) {
      this.#inside = false
      const thrown = this.#judge(name, error)
      if (thrown !== undefined) return watch.violation ?? thrown
    }
    this.#acting = undefined
    return watch.end(this.procs.includes(proc) ? proc.mm : undefined)
  }

  /** Everything, as it is now, also the contents of every page mapped. */
  full(): WatchedViolation | undefined {
    const violation = this.watch.full()
    if (violation !== undefined) return violation
    for (const proc of this.procs) {
      for (let vpn = this.base; vpn < this.base + this.arena; vpn++) {
        const found = this.#content(proc.mm, vpn)
        if (found < 0 || proc.oracle.allows(vpn, found)) continue
        return this.#wrongContent(proc, vpn, found)
      }
    }
    return undefined
  }

  /** All processes end; nothing may be left. */
  finish(): WatchedViolation | undefined {
    const { world } = this
    for (const { mm } of this.procs.splice(0)) {
      this.#unpin(mm)
      sys.sysExit(world, mm)
    }
    world.lru.drainAll()
    const violation = this.watch.full()
    if (violation !== undefined) return violation
    const { buddy } = world.folios
    // The huge page of zeroes stays for the next who wants it.
    const zero = world.hugeZeroPfn < 0 ? 0 : world.geometry.tableEntries
    const missing = buddy.pages - 2 ** buddy.maxOrder - buddy.freePages - zero
    if (missing === 0 && world.tables.state[2] === 0) return undefined
    const found = `${missing} pages and ${world.tables.state[2]} tables are left after the last exit`
    return { rule: 'leak', object: 'the world', found, during: '' }
  }

  #spawn(): Proc {
    const mm = newMm(this.world, ++this.#pid)
    return { mm, oracle: new Oracle(this.base, this.arena, this.shared) }
  }

  #do(name: OpName, proc: Proc): void {
    const { world, random } = this
    const { mm, oracle } = proc
    switch (name) {
      case 'write':
        return this.#write(proc)
      case 'read':
        return this.#read(proc)
      case 'mmap':
        return this.#mmap(proc)
      case 'fork':
        return this.#fork(proc)
      case 'exit': {
        if (this.procs.length === 1 && random.below(4) > 0) return
        this.procs.splice(this.procs.indexOf(proc), 1)
        this.#unpin(mm)
        sys.sysExit(world, mm)
        return
      }
      case 'munmap':
        this.#range(proc)
        oracle.unsure(this.#from, this.#count)
        sys.sysMunmap(world, mm, this.#from, this.#count)
        oracle.zero(this.#from, this.#count)
        return
      case 'mprotect': {
        this.#range(proc)
        const prot = PROTS[random.below(PROTS.length)]
        this.#say(prot)
        sys.sysMprotect(world, mm, this.#from, this.#count, prot)
        return
      }
      case 'dontneed':
      case 'free':
      case 'cold':
      case 'pageout':
      case 'collapse':
      case 'advise':
      case 'populate':
        return this.#madvise(name, proc)
      case 'mremap':
        return this.#mremap(proc)
      case 'mlock':
        this.#range(proc)
        sys.sysMlock(world, mm, this.#from, this.#count)
        return
      case 'pin':
        this.#range(proc)
        this.#say('')
        sys.sysPin(world, mm, this.#from, Math.min(this.#count, 64), {
          write: random.below(2) === 0,
          longterm: random.below(2) === 0
        })
        return
      case 'unpin':
        return this.#unpin(mm)
      case 'clearRefs':
        sys.sysClearRefs(world, mm, 1)
        return
      case 'sysfs':
        return this.#settings(random, 1 + random.below(3))
      case 'thpDisable':
        sys.sysThpDisable(world, mm, random.below(2) === 0)
        return
      case 'agent':
        return this.#agent(proc)
      case 'drain':
        if (random.below(2) === 0) world.lru.drain()
        else world.lru.drainAll()
    }
  }

  #unpin(mm: Mm): void {
    try {
      sys.sysUnpin(this.world, mm)
    } catch (error) {
      if (!(error instanceof EngineError) || error.code !== 'not-modelled') throw error
    }
  }

  #write(proc: Proc): void {
    const { world, random } = this
    const { mm, oracle } = proc
    const step = this.#steps(proc)
    const seed = random.next()
    const zero = random.below(8) === 0
    const value = (vpn: number) => (zero ? 0 : 1 + ((seed + vpn) % 255))
    // A store is certain once the next page is asked for: other CPUs may store to its page before it.
    let asked = 0
    let last = -1
    const commit = () => {
      if (last < 0) return
      oracle.write(last, value(last))
      this.#stored(mm, last)
    }
    try {
      const { done } = sys.userWrite(world, mm, this.#from, this.#count, step, (vpn) => {
        commit()
        asked++
        last = vpn
        return value(vpn)
      })
      if (done === asked) commit()
    } catch (error) {
      if (last >= 0) oracle.unsure(last, 1)
      throw error
    }
  }

  #read(proc: Proc): void {
    const step = this.#steps(proc)
    const first = this.#from
    this.watch.begin(proc.mm, first, this.#count)
    sys.userRead(this.world, proc.mm, first, this.#count, step, (vpn, value) => {
      if (!proc.oracle.allows(vpn, value)) this.watch.violation ??= this.#wrongContent(proc, vpn, value)
    })
  }

  #mmap(proc: Proc): void {
    const { world, random, base, arena } = this
    const c = world.geometry.contPtes
    const pmd = world.geometry.tableEntries
    const die = random.below(20)
    let count = 1 + random.below(8)
    if (die >= 4) count = c * (1 + random.below(4)) + (random.below(3) === 0 ? random.below(c) : 0)
    if (die >= 11) count = c * (1 + random.below(pmd > 512 ? 5 : 20))
    if (die >= 18 || (die >= 16 && pmd === 512)) count = pmd + random.below(2) * random.below(2 * c)
    count = Math.min(count, arena)
    const grid = [1, c, c, c, pmd][random.below(5)]
    const room = Math.floor((arena - count) / grid)
    const first = base + grid * random.below(room + 1)
    const prot = random.below(8) === 0 ? PROTS[random.below(PROTS.length)] : 'rw'
    const shared = random.below(10) === 0
    this.#from = first
    this.#count = count
    this.#say(`${prot}${shared ? ' shared' : ''}`)
    this.watch.begin(proc.mm, first, count)
    // What a failing call leaves of the old mapping nobody says.
    proc.oracle.unsure(first, count)
    sys.sysMmap(world, proc.mm, { vpn: first, pages: count, prot, shared })
    proc.oracle.map(first, count, shared)
  }

  #fork(proc: Proc): void {
    if (this.procs.length >= this.plan.procs) return
    const { world } = this
    this.watch.begin(proc.mm, this.base, this.arena)
    const before = proc.oracle
    const childMm = sys.sysFork(world, proc.mm, ++this.#pid)
    const oracle = before.fork()
    for (const vpn of this.#raced) oracle.unsure(vpn, 1)
    for (const { start, end, flags } of proc.mm.vmas) {
      if ((flags & (VM_DONTCOPY | VM_WIPEONFORK)) !== 0) oracle.zero(start, end - start)
    }
    this.procs.push({ mm: childMm, oracle })
    if (this.verbose) this.said += ` child mm ${childMm.pid}`
    const violation = this.watch.end(childMm)
    if (violation !== undefined) this.watch.violation ??= violation
  }

  #madvise(name: OpName, proc: Proc): void {
    const { world, random, watch } = this
    const { mm, oracle } = proc
    this.#range(proc)
    const advice = ((): sys.MadviseAdvice => {
      if (name === 'advise') {
        const kinds = [
          'hugepage',
          'hugepage',
          'nohugepage',
          'dontfork',
          'dofork',
          'wipeonfork',
          'keeponfork'
        ] as const
        return kinds[random.below(kinds.length)]
      }
      if (name === 'populate') return random.below(3) === 0 ? 'populate_read' : 'populate_write'
      return name as sys.MadviseAdvice
    })()
    this.#say(advice)
    const [first, count] = [this.#from, this.#count]
    // Where part of the range is not mapped or locked, what comes before was advised all the same.
    const given = () => {
      oracle.orZero(first, count)
      if (advice === 'free') watch.cleaned(mm, first, count)
    }
    const gives = advice === 'free' || advice === 'dontneed'
    if (gives) given()
    try {
      sys.sysMadvise(world, mm, first, count, advice)
    } catch (error) {
      if (gives) given()
      throw error
    }
    if (gives) given()
    if (advice === 'dontneed') oracle.discard(first, count)
  }

  #mremap(proc: Proc): void {
    const { world, random, base, arena } = this
    this.#range(proc)
    const [from, count] = [this.#from, this.#count]
    const grid = [1, world.geometry.contPtes, world.geometry.tableEntries][random.below(3)]
    // Half of the time the distance is a multiple of the grid.
    const offset = (from - base) % grid
    const to =
      base + offset + grid * random.below(Math.max(1, Math.floor((arena - count - offset) / grid) + 1))
    this.#say(`to ${to - base}`)
    if (to < base || to + count > base + arena) return
    proc.oracle.unsure(to, count)
    sys.sysMremap(world, proc.mm, from, count, to)
    proc.oracle.move(from, count, to)
  }

  /** A CPU or walker that shares the address space accesses one page, through its own TLB. */
  #agent(proc: Proc): void {
    const { world, random, plan } = this
    this.#range(proc)
    const agent = random.below(plan.cpus + (plan.tlb.walkers ?? 0))
    const vpn = this.#from + random.below(this.#count)
    const write = random.below(2) === 0
    this.#say(`agent ${agent} ${write ? 'stores to' : 'loads from'} ${vpn - this.base}`)
    const { pfn } = agentAccess(world, proc.mm, agent, vpn, write)
    if (pfn >= 0) this.#accessed(proc, vpn, pfn, write, 1 + random.below(255))
  }

  /** In the middle of an operation: another CPU of a process uses what its TLB or the tables allow. */
  #otherCpu(): void {
    const { world, plan, elsewhere } = this
    if (this.#inside || plan.cpus < 2 || elsewhere.below(16) > 0) return
    const proc = elsewhere.below(4) > 0 ? this.#acting : this.procs[elsewhere.below(this.procs.length)]
    if (proc === undefined || world.tlbs === undefined || this.procs.length === 0) return
    const own = world.currentCpu
    this.#inside = true
    world.currentCpu = (own + 1 + elsewhere.below(plan.cpus - 1)) % plan.cpus
    const near = this.#count > 0 && elsewhere.below(2) === 0
    const vpn = near ? this.#from + elsewhere.below(this.#count) : this.base + elsewhere.below(this.arena)
    const write = elsewhere.below(2) === 0
    const pfn = translate(world, world.tlbs, proc.mm, vpn, write)
    if (pfn >= 0) {
      this.#accessed(proc, vpn, pfn, write, 1 + elsewhere.below(255))
      if (write) this.#raced.push(vpn)
    }
    world.currentCpu = own
    this.#inside = false
  }

  #accessed(proc: Proc, vpn: number, pfn: number, write: boolean, value: number): void {
    const { folios } = this.world
    if (write) {
      folios.setContent(pfn, value)
      this.watch.store(pfn)
      proc.oracle.write(vpn, value)
      return
    }
    const found = folios.content(pfn)
    if (!this.#inside && !proc.oracle.allows(vpn, found))
      this.watch.violation ??= this.#wrongContent(proc, vpn, found)
  }

  #settings(random: Seeded, times: number): void {
    const { sysfs, world } = this
    for (let i = 0; i < times; i++) {
      const order = 1 + random.below(world.geometry.pmdOrder)
      const kib = (world.geometry.pageSize * 2 ** order) / 1024
      const top = random.below(8)
      const [path, value] =
        top === 0
          ? ['enabled', TOPS[random.below(3)]]
          : [`hugepages-${kib}kB/enabled`, SIZES[random.below(SIZES.length)]]
      if (this.verbose) this.said += ` ${path}=${value}`
      if (order > 1 || top === 0) sysfs.write(path, value)
    }
  }

  /** Chooses a range of the process: mostly inside one VMA, sometimes anywhere. */
  #range(proc: Proc): void {
    const { random, base, arena, world } = this
    const { vmas } = proc.mm
    const c = world.geometry.contPtes
    const limit = world.geometry.tableEntries + 4 * c
    if (vmas.length === 0 || random.below(12) === 0) {
      this.#from = base + random.below(arena)
      this.#count = 1 + random.below(Math.min(limit, base + arena - this.#from))
    } else {
      const vma = vmas[random.below(vmas.length)]
      const length = vma.end - vma.start
      const die = random.below(8)
      let from = vma.start
      let count = length
      if (die >= 2) {
        from += random.below(length)
        count = 1 + random.below(Math.min(length - (from - vma.start), die < 5 ? 2 * c : length))
      }
      if (die === 7) {
        // Whole blocks.
        const start = Math.ceil(from / c) * c
        const blocks = Math.floor((vma.end - start) / c)
        if (blocks > 0) {
          from = start
          count = c * (1 + random.below(blocks))
        }
      }
      this.#from = from
      this.#count = Math.min(count, limit)
    }
    this.watch.begin(proc.mm, this.#from, this.#count)
    this.#say('')
  }

  /** A range and a step for loads or stores. */
  #steps(proc: Proc): number {
    this.#range(proc)
    return this.random.below(6) === 0 ? 1 + this.random.below(this.world.geometry.contPtes + 1) : 1
  }

  #say(text: string): void {
    if (this.verbose) this.said += ` [${this.#from - this.base} +${this.#count}] ${text}`
  }

  /** Marks the page that a store went to; a store of zeroes may also have gone to nothing. */
  #stored(mm: Mm, vpn: number): void {
    const { world } = this
    const slot = findSlot(world, mm, vpn)
    if (slot !== 0) {
      const attr = world.tables.attr(slot)
      if (isPresent(attr) && (attr & SPECIAL) === 0) this.watch.store(world.tables.pfn(slot))
      return
    }
    const pmd = findPmd(world, mm, vpn)
    if (pmd !== 0 && isPresent(world.tables.attr(pmd)))
      this.watch.store(world.tables.pfn(pmd) + (vpn & (world.geometry.tableEntries - 1)))
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

  #wrongContent(proc: Proc, vpn: number, found: number): WatchedViolation {
    const object = `mm ${proc.mm.pid}, page ${vpn - this.base} of the arena`
    return { rule: 'content', object, found: `holds ${found}, not ${proc.oracle.expected(vpn)}`, during: '' }
  }

  /** What an exception means: an answer of the system, something not simulated yet, or a mistake. */
  #judge(name: OpName, error: unknown): WatchedViolation | undefined {
    if (error instanceof EngineError) {
      if (ANSWERS.has(error.code)) return undefined
      if (error.code === 'not-modelled') {
        // What it did before it gave up cannot be judged.
        this.unsupported.set(name, (this.unsupported.get(name) ?? 0) + 1)
        this.over = true
        return undefined
      }
    }
    const message = error instanceof Error ? error.message : String(error)
    const rule = message.includes('no progress')
      ? 'no-progress'
      : message.includes('refcount')
        ? 'refcount-below-zero'
        : 'engine-error'
    const at = error instanceof Error && this.verbose ? `\n${error.stack ?? ''}` : ''
    return { rule, object: name, found: message + at, during: '' }
  }
}

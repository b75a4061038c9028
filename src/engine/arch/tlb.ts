/**
 * The TLBs of the simulated CPUs (and of walkers like an SMMU): what they may hold, and when a
 * broadcast invalidation reaches them. Optional on a machine: without them every access walks.
 *
 * The model is the deterministic one of reference `architecture.md` section 8 under the rules T1 to
 * T10 of section 3: an entry comes from a walk of a valid, accessed descriptor; one of a folded block
 * may cover the whole block (T4); a TLBI is complete only with a DSB ISH of the CPU that issued it.
 * What a TLB does with an access is in `translate.ts`.
 *
 * An address space is known by its pid, which a world never uses twice: like an ASID between two
 * roll-overs (T8).
 */
import type { Mm } from '../mm/mm'
import type { Violation } from '../check/violation'
import { CONT } from './descriptor'
import type { Geometry } from './granule'
import { Seeded } from './seeded'
import type { Tracer } from '../trace/tracer'
import type { Invalidation, TlbiObserver } from './tlbi'

/** What the TLBs of a machine are like. */
export interface TlbConfig {
  /** Entries of each TLB, 1 to 4,096. */
  readonly entries: number
  /** Whether a descriptor with the contiguous bit gives one entry for its whole block (T4). */
  readonly coalesce: 'always' | 'never' | 'seeded'
  /** Which entry goes when a TLB is full (T3). */
  readonly evict: 'oldest' | 'seeded'
  /** When an invalidation takes effect on other CPUs: as late or as early as it may. */
  readonly completion: 'at-dsb' | 'at-issue'
  /** Which entry of a folded block hardware marks accessed or dirty (H3): the one used, or any. */
  readonly records?: 'own' | 'seeded'
  /**
   * A walk that meets a block whose valid entries disagree ends in an error, which T6 allows. Default
   * false: the entry that is accessed counts.
   */
  readonly strict?: boolean
  /** CPUs, each with a TLB. Default 1. */
  readonly cpus?: number
  /** CPUs, by number, that do not update descriptors although the machine's CPUs do. */
  readonly withoutHafdbs?: readonly number[]
  /** Walkers after the CPUs, like an SMMU without HTTU: they share tables but update nothing. Default 0. */
  readonly walkers?: number
}

/** Everything that may go wrong does: blocks always coalesce, TLBIs wait for the DSB, any entry gets AF or dirty. */
export const ADVERSARIAL: TlbConfig = {
  entries: 64,
  coalesce: 'always',
  evict: 'oldest',
  completion: 'at-dsb',
  records: 'seeded'
}

/** Numbers of one invalidation that waits: pid, first page, pages, last level only. */
const PENDING = 4
/** Invalidations that may wait at one CPU; older ones take effect early, which they may. */
const MAX_PENDING = 256
/** Last-level tables each walk cache remembers. */
const WALKS = 8
/** Violations kept; the first one is what matters. */
const MAX_VIOLATIONS = 16

/** All TLBs of a machine. Entry `i` of CPU `c` lies at `c * entries + i` of each lane. */
export class Tlbs implements TlbiObserver {
  /** CPUs and walkers. */
  readonly agents: number
  readonly entries: number
  /** Address space, 0 for an unused entry, negative once it has exited and nothing runs in it. */
  readonly pid: Int32Array
  readonly vpn: Float64Array
  /** Pages one entry translates: 1, a contpte block, or a PMD leaf. */
  readonly pages: Int32Array
  readonly pfn: Int32Array
  /** The descriptor as it was loaded, with what hardware recorded then. */
  readonly attr: Int32Array
  /** Where each TLB looks for the next victim. */
  readonly hand: Int32Array
  /** 1 where the agent updates access flag and dirty state by itself. */
  readonly updates: Uint8Array
  /** Walk caches: address space, first page and number of a last-level table. */
  readonly walkPid: Int32Array
  readonly walkVpn: Float64Array
  readonly walkTable: Int32Array
  readonly walkHand: Int32Array
  /** Invalidations that wait for the DSB of the CPU that issued them. */
  readonly pending: Float64Array
  readonly pendingCount: Int32Array
  readonly random: Seeded
  /** What went wrong in an access or a free, oldest first. */
  readonly violations: Violation[] = []
  /** The CPU (or walker) that acts now. */
  acting = 0
  /** Told of every entry that comes and goes where a trace was asked for. */
  trace: Tracer | undefined

  constructor(
    readonly geometry: Geometry,
    readonly config: TlbConfig,
    hafdbs: boolean,
    seed: number
  ) {
    const cpus = config.cpus ?? 1
    this.agents = cpus + (config.walkers ?? 0)
    this.entries = config.entries
    const size = this.agents * config.entries
    this.pid = new Int32Array(size)
    this.vpn = new Float64Array(size)
    this.pages = new Int32Array(size)
    this.pfn = new Int32Array(size)
    this.attr = new Int32Array(size)
    this.hand = new Int32Array(this.agents)
    this.updates = new Uint8Array(this.agents).fill(hafdbs ? 1 : 0, 0, cpus)
    for (const cpu of config.withoutHafdbs ?? []) this.updates[cpu] = 0
    this.walkPid = new Int32Array(this.agents * WALKS)
    this.walkVpn = new Float64Array(this.agents * WALKS)
    this.walkTable = new Int32Array(this.agents * WALKS)
    this.walkHand = new Int32Array(this.agents)
    this.pending = new Float64Array(this.agents * MAX_PENDING * PENDING)
    this.pendingCount = new Int32Array(this.agents)
    this.random = new Seeded(seed)
  }

  /** The entry of the acting CPU that translates `vpn`, or -1. */
  lookup(pid: number, vpn: number): number {
    const first = this.acting * this.entries
    for (let at = first; at < first + this.entries; at++) {
      if (this.pid[at] !== pid) continue
      const offset = vpn - this.vpn[at]
      if (offset >= 0 && offset < this.pages[at]) return at
    }
    return -1
  }

  /**
   * Installs what a walk of the acting CPU found: `pages` pages from `vpn` to `pfn`. Entries that
   * overlap must agree: a block and its pages may lie side by side only where all came from
   * contiguous descriptors (T4, T7).
   */
  install(pid: number, vpn: number, pages: number, pfn: number, attr: number): void {
    const first = this.acting * this.entries
    let free = -1
    for (let at = first; at < first + this.entries; at++) {
      if (this.pid[at] <= 0) {
        if (free < 0) free = at
        continue
      }
      if (this.pid[at] !== pid || vpn >= this.vpn[at] + this.pages[at] || this.vpn[at] >= vpn + pages)
        continue
      if (this.vpn[at] === vpn && this.pages[at] === pages) {
        // A walk replaces what it renews.
        this.#drop(at, 'tlb-evict')
        free = at
        continue
      }
      const bothContiguous = (this.attr[at] & attr & CONT) !== 0
      if (bothContiguous && pfn - vpn === this.pfn[at] - this.vpn[at]) continue
      this.report(
        'tlb-conflict',
        `CPU ${this.acting}, mm ${pid}, page ${vpn}`,
        `one entry of ${pages} pages and one of ${this.pages[at]} pages translate the same page`
      )
    }
    if (free < 0) {
      const { hand } = this
      const turn = this.config.evict === 'seeded' ? this.random.below(this.entries) : hand[this.acting]
      free = first + turn
      hand[this.acting] = (turn + 1) % this.entries
    }
    if (this.pid[free] !== 0) this.#drop(free, 'tlb-evict')
    this.pid[free] = pid
    this.vpn[free] = vpn
    this.pages[free] = pages
    this.pfn[free] = pfn
    this.attr[free] = attr
    this.trace?.tlb('tlb-fill', free)
  }

  /** Whether the next descriptor with the contiguous bit gives an entry for its block. */
  coalesces(): boolean {
    const { coalesce } = this.config
    return coalesce === 'always' || (coalesce === 'seeded' && this.random.below(2) === 0)
  }

  /** Remembers the last-level table that a walk of the acting CPU went through. */
  installWalk(pid: number, vpn: number, table: number): void {
    const first = this.acting * WALKS
    for (let at = first; at < first + WALKS; at++) {
      if (this.walkPid[at] === pid && this.walkVpn[at] === vpn) {
        if (this.walkTable[at] !== table) this.#setWalk(at, pid, vpn, table)
        return
      }
    }
    const at = first + this.walkHand[this.acting]
    this.walkHand[this.acting] = (this.walkHand[this.acting] + 1) % WALKS
    this.#setWalk(at, pid, vpn, table)
  }

  /** An entry of the acting CPU goes, as any entry may at any time. */
  evict(at: number): void {
    this.#drop(at, 'tlb-evict')
  }

  issued({ mm, vpn, pages, lastLevel }: Invalidation): void {
    if (this.config.completion === 'at-issue') {
      this.apply(mm.pid, vpn, pages, lastLevel)
      return
    }
    const base = this.acting * MAX_PENDING * PENDING
    let count = this.pendingCount[this.acting]
    if (count === MAX_PENDING) {
      this.#applyPending(base)
      this.pending.copyWithin(base, base + PENDING, base + count * PENDING)
      count--
    }
    const at = base + count * PENDING
    this.pending[at] = mm.pid
    this.pending[at + 1] = vpn
    this.pending[at + 2] = pages
    this.pending[at + 3] = lastLevel ? 1 : 0
    this.pendingCount[this.acting] = count + 1
  }

  completed(): void {
    const base = this.acting * MAX_PENDING * PENDING
    const count = this.pendingCount[this.acting]
    for (let i = 0; i < count; i++) this.#applyPending(base + i * PENDING)
    this.pendingCount[this.acting] = 0
  }

  /** Takes entries of one address space out of every TLB: `pages` pages from `vpn`, or all for 0. */
  apply(pid: number, vpn: number, pages: number, lastLevel: boolean): void {
    for (let at = 0; at < this.pid.length; at++) {
      if (this.pid[at] !== pid && this.pid[at] !== -pid) continue
      if (pages === 0 || (this.vpn[at] < vpn + pages && vpn < this.vpn[at] + this.pages[at]))
        this.#drop(at, 'tlb-invalidate')
    }
    if (lastLevel) return
    const span = this.geometry.tableEntries
    for (let at = 0; at < this.walkPid.length; at++) {
      if (this.walkPid[at] !== pid) continue
      const start = this.walkVpn[at]
      if (pages === 0 || (start < vpn + pages && vpn < start + span)) this.#dropWalk(at)
    }
  }

  /** A local invalidation of one CPU: everything it holds. */
  invalidateLocal(cpu: number): void {
    for (let at = cpu * this.entries; at < (cpu + 1) * this.entries; at++)
      if (this.pid[at] !== 0) this.#drop(at, 'tlb-invalidate')
    for (let at = cpu * WALKS; at < (cpu + 1) * WALKS; at++) if (this.walkPid[at] !== 0) this.#dropWalk(at)
  }

  /** Nothing runs in `mm` any more: its entries stay until they are invalidated, but nobody uses them. */
  retire(mm: Mm): void {
    for (let at = 0; at < this.pid.length; at++) {
      if (this.pid[at] !== mm.pid) continue
      this.pid[at] = -mm.pid
      this.trace?.tlb('tlb-retire', at)
    }
    for (let at = 0; at < this.walkPid.length; at++) if (this.walkPid[at] === mm.pid) this.#dropWalk(at)
  }

  /** A folio goes back to the allocator: nobody may still have a translation to it. */
  freed(pfn: number, order: number): void {
    const end = pfn + 2 ** order
    for (let at = 0; at < this.pid.length; at++) {
      if (this.pid[at] <= 0 || this.pfn[at] >= end || pfn >= this.pfn[at] + this.pages[at]) continue
      this.report(
        'tlb-freed-page',
        `folio ${pfn} of order ${order}`,
        `freed while CPU ${Math.floor(at / this.entries)} translates page ${this.vpn[at]} of mm ${this.pid[at]} to it`
      )
    }
  }

  /** Keeps a violation, up to a bound. */
  report(rule: string, object: string, found: string): void {
    if (this.violations.length < MAX_VIOLATIONS) this.violations.push({ rule, object, found })
    this.trace?.violation(rule, object, found)
  }

  /** Bytes of all lanes. */
  get bytes(): number {
    const entry = 4 * this.pid.byteLength + this.vpn.byteLength
    return entry + 2 * this.walkPid.byteLength + this.walkVpn.byteLength + this.pending.byteLength
  }

  /** An entry goes; what it held is told. */
  #drop(at: number, why: 'tlb-evict' | 'tlb-invalidate'): void {
    const pid = this.pid[at]
    this.pid[at] = 0
    this.trace?.tlb(why, at, pid)
  }

  #dropWalk(at: number): void {
    const pid = this.walkPid[at]
    this.walkPid[at] = 0
    this.trace?.walk('walk-drop', at, pid)
  }

  #setWalk(at: number, pid: number, vpn: number, table: number): void {
    if (this.trace !== undefined && this.walkPid[at] !== 0) this.#dropWalk(at)
    this.walkPid[at] = pid
    this.walkVpn[at] = vpn
    this.walkTable[at] = table
    this.trace?.walk('walk-fill', at, pid)
  }

  #applyPending(at: number): void {
    const { pending } = this
    this.apply(pending[at], pending[at + 1], pending[at + 2], pending[at + 3] === 1)
  }
}

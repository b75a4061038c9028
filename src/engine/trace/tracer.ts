/**
 * The tracer of one machine: appends an event for every primitive to the log of its cell. It exists
 * only where a trace was asked for; a world without one pays a test of a field where it would be told.
 * Every change of state is followed at once by its event, so that state n is a state that really was.
 */
import { Tlbs, ADVERSARIAL, type TlbConfig } from '../arch/tlb'
import { translateShadow } from './shadow'
import { AnyMm, type Mm, type Vma } from '../mm/mm'
import type { World } from '../world'
import type { HeldPageCounts } from './held-pages'
import { MemorySamples } from './memory-samples'
import { COUNTER_INDEX, COUNTER_NAMES } from './counters'
import { KIND, SPAN_KINDS, type SpanKind, type TraceKind } from './kinds'
import { highLane, lowLane, MM_FIELDS } from './lanes'
import { NEW_B, PLACE, type TraceLog, type VmaRecord } from './log'
import type { MachineShape } from './replica'
import { traceSwap } from './traced-swap'

const COUNTERS = COUNTER_NAMES.length
const { folioAlloc, pageAlloc, folioFree, pageFree } = COUNTER_INDEX

/** Told of everything that happens in one world. */
export class Tracer {
  /**
   * What the CPUs' TLBs hold. A machine without TLBs gets some that only look on: they fill as its CPUs
   * would fill theirs, hear every invalidation, and never change what an access does.
   */
  readonly tlbs: Tlbs
  /** Slots of the swap area that the machine began with, 0 without one. */
  readonly swapSlots: number
  /** How memory is on the way. */
  readonly samples: MemorySamples
  readonly #last = new Float64Array(COUNTERS)
  readonly #values: Float64Array
  /** One bit a counter that may have changed since the last event, 32 in each. */
  readonly #touched = new Int32Array(Math.ceil(COUNTERS / 32))
  readonly #spans: number[] = []
  readonly #vmaLists = new Map<number, number>()
  readonly #watches: boolean

  constructor(
    readonly world: World,
    readonly log: TraceLog,
    /** Number of the machine in its cell. */
    readonly machine: number,
    /** The machine's folios, which know what was accessed. */
    readonly folios: { touch(pfn: number): void; readonly held: HeldPageCounts },
    shadow: TlbConfig = { ...ADVERSARIAL, records: 'own' }
  ) {
    this.#values = world.counters.values
    this.samples = new MemorySamples(world, machine, folios.held)
    this.#watches = world.tlbs === undefined
    this.tlbs = world.tlbs ?? new Tlbs(world.geometry, shadow, world.cpu.hafdbs, 1)
    this.tlbs.trace = this
    world.thpStats.told = (place, n) => {
      if (!log.full) log.stats.push(log.length, machine, place, n)
    }
    this.swapSlots = world.swap?.slots ?? 0
    traceSwap(this, world)
  }

  /** What a replica of the machine must know. */
  get shape(): MachineShape {
    const { geometry, layout, folios } = this.world
    const { agents, entries, walkPid } = this.tlbs
    const walks = walkPid.length / agents
    return { geometry, layout, frames: folios.buddy.pages, agents, tlbEntries: entries, walks }
  }

  /** Appends an event of the acting CPU. */
  add(
    kind: number,
    pid: number,
    place: number,
    oldA: number,
    oldB: number,
    newA: number,
    newB: number
  ): void {
    const { log } = this
    if (log.full) {
      log.cut = true
      return
    }
    const head = kind | (this.world.currentCpu << 8) | (this.machine << 20)
    log.append(head, pid, place, oldA, oldB, newA, newB, this.#counted())
    if (log.length >= this.samples.due) this.samples.take(log.length)
    log.checkStop()
  }

  /** A page-table entry changed. */
  entry(kind: number, slot: number, oldAttr: number, oldPfn: number, attr: number, pfn: number): void {
    this.add(kind, 0, slot, oldAttr, oldPfn, attr, pfn)
  }

  /** The word of a page changed: its kind follows from which bits did. */
  word(pfn: number, old: number, word: number): void {
    const changed = old ^ word
    const kind =
      (changed & (1 << 20)) !== 0
        ? KIND.exclusive
        : (changed & ((1 << 20) - 1)) !== 0
          ? KIND.mapcount
          : KIND['page-flags']
    this.add(kind, 0, pfn, old, 0, word, 0)
  }

  /** Something of a process that changes no state of its own: a batch, a fold, a copy. */
  note(kind: TraceKind, pid: number, place: number, a = 0, b = 0, c = 0, d = 0): void {
    this.add(KIND[kind], pid, place, a, b, c, d)
  }

  /** TLBIs were issued for `pages` pages from `vpn` (0: a whole address space). */
  tlbi(kind: TraceKind, pid: number, vpn: number, pages: number, lastLevel: boolean): void {
    if (this.#watches) this.tlbs.acting = this.world.currentCpu % this.tlbs.agents
    this.add(KIND[kind], pid, pages, lowLane(vpn), highLane(vpn), 0, lastLevel ? 1 : 0)
  }

  /** Entry `at` of the TLBs was taken or given up. */
  tlb(kind: TraceKind, at: number, owner = this.tlbs.pid[at]): void {
    const { vpn, pages, pfn, attr } = this.tlbs
    const size = Math.log2(pages[at]) | (owner < 0 ? 256 : 0)
    const low = lowLane(vpn[at])
    this.add(KIND[kind], Math.abs(owner), at, low, highLane(vpn[at]) | (size << 16), pfn[at], attr[at])
  }

  /** Entry `at` of the walk caches was taken or given up. */
  walk(kind: TraceKind, at: number, owner: number): void {
    const { walkVpn, walkTable } = this.tlbs
    const vpn = walkVpn[at]
    this.add(KIND[kind], owner, at, lowLane(vpn), highLane(vpn), walkTable[at], 0)
  }

  /** An access to page `pfn` that a walk completed: TLBs that only look on take it up. */
  accessed(mm: Mm, vpn: number, write: boolean, pfn: number): void {
    this.folios.touch(pfn)
    if (this.#watches) translateShadow(this.world, this.tlbs, mm, vpn, write)
  }

  /** What a rule found broken. */
  violation(rule: string, object: string, found: string): void {
    this.add(KIND.violation, 0, 0, 0, 0, this.log.text(`${rule}: ${object}: ${found}`), 0)
  }

  /** Begins a span; `vpn` and `pages` are what it is about. */
  begin(kind: SpanKind, pid: number, vpn = 0, pages = 0, text = -1): void {
    this.add(
      KIND['span-begin'],
      pid,
      SPAN_KINDS.indexOf(kind) | (pages << 4),
      lowLane(vpn),
      highLane(vpn),
      text,
      0
    )
    this.#spans.push(this.log.full ? 0 : this.log.length)
  }

  /** Ends the innermost span of this kind, and with it what is still open inside. */
  end(kind: SpanKind, pid: number): void {
    const number = SPAN_KINDS.indexOf(kind)
    while (this.#spans.length > 0 && this.#endInnermost(pid) !== number);
  }

  /** Ends the innermost span and answers its kind, -1 where it was not kept. */
  #endInnermost(pid: number): number {
    const { log } = this
    const begun = this.#spans.pop() ?? 0
    if (begun === 0) return -1
    const kind = log.lane(begun, PLACE) & 15
    if (!log.full) log.setLane(begun, NEW_B, log.length + 1)
    this.add(KIND['span-end'], pid, kind, begun, 0, 0, 0)
    return kind
  }

  /** Spans that are open. */
  get depth(): number {
    return this.#spans.length
  }

  /** An operation of the workload, begun at span depth `depth`, is over: spans that an error left open end, and nothing counted stays untold. */
  settle(depth: number): void {
    while (this.#spans.length > depth) this.#endInnermost(0)
    // All are looked at, whoever added to them.
    for (let index = 0; index < COUNTERS; index++) this.touch(index)
    const pattern = this.#counted()
    if (pattern === 0) return
    const { log } = this
    if (log.full) log.cut = true
    else
      log.append(
        KIND.counters | (this.world.currentCpu << 8) | (this.machine << 20),
        0,
        0,
        0,
        0,
        0,
        0,
        pattern
      )
  }

  /** An address space for a process: one that tells of changes to its counts and VMAs. */
  newMm(pid: number, root: number): Mm {
    return new TracedMm(this, pid, root, this.world.counters.values)
  }

  /** An address space is about to go: what it has left is told before, so that it can come back. */
  endMm(mm: Mm): void {
    for (const name of MM_FIELDS) mm[name] = 0
  }

  /** The VMAs of `mm` may have changed. */
  vmas(mm: Mm): void {
    const { vmaLists } = this.log
    const before = this.#vmaLists.get(mm.pid) ?? 0
    const old = vmaLists[before]
    if (old.length === mm.vmas.length && mm.vmas.every((vma, i) => isSame(vma, old[i]))) return
    const list = mm.vmas.map((vma, i) => (i < old.length && isSame(vma, old[i]) ? old[i] : recordOf(vma)))
    const kind = list.length > old.length ? 'vma-add' : list.length < old.length ? 'vma-remove' : 'vma-change'
    const after = this.log.full ? before : vmaLists.push(list) - 1
    this.#vmaLists.set(mm.pid, after)
    this.add(KIND[kind], mm.pid, 0, before, 0, after, 0)
  }

  /** Counter number `index` was added to: the next event takes it up. */
  touch(index: number): void {
    this.#touched[index >>> 5] |= 1 << (index & 31)
  }

  /** Counters of a folio that begins or ends were added to. */
  touchFolio(ends: boolean): void {
    this.touch(ends ? folioFree : folioAlloc)
    this.touch(ends ? pageFree : pageAlloc)
  }

  /** The pattern of what was counted since the last event, of counters in their order. */
  #counted(): number {
    const touched = this.#touched
    const values = this.#values
    const last = this.#last
    let pattern = 0
    for (let word = 0; word < touched.length; word++) {
      let bits = touched[word]
      if (bits === 0) continue
      touched[word] = 0
      while (bits !== 0) {
        const index = (word << 5) | (31 - Math.clz32(bits & -bits))
        bits &= bits - 1
        const value = values[index]
        const amount = value - last[index]
        if (amount === 0) continue
        last[index] = value
        pattern = this.log.patterns.next(pattern, index, amount)
      }
    }
    return pattern
  }
}

function recordOf(vma: Vma): VmaRecord {
  const { start, end, flags, anonVma, pgoff, inherited, file } = vma
  return { start, end, flags, anonVma, pgoff, inherited, file: file?.name }
}

function isSame(vma: Vma, record: VmaRecord): boolean {
  return (
    vma.start === record.start &&
    vma.end === record.end &&
    vma.flags === record.flags &&
    vma.anonVma === record.anonVma &&
    vma.pgoff === record.pgoff &&
    vma.inherited === record.inherited &&
    vma.file?.name === record.file
  )
}

/** An address space whose counts are traced. Its counts are accessors of the class: objects stay alike. */
class TracedMm extends AnyMm implements Mm {
  readonly #tracer: Tracer
  readonly #counts = new Float64Array(MM_FIELDS.length)

  constructor(tracer: Tracer, pid: number, root: number, totals: Float64Array) {
    super(pid, root, totals)
    this.#tracer = tracer
  }

  get anonPages(): number {
    return this.#counts[0]
  }

  set anonPages(next: number) {
    this.#set(0, next)
  }

  get filePages(): number {
    return this.#counts[1]
  }

  set filePages(next: number) {
    this.#set(1, next)
  }

  get swapEntries(): number {
    return this.#counts[2]
  }

  set swapEntries(next: number) {
    this.#set(2, next)
  }

  get deposited(): number {
    return this.#counts[3]
  }

  set deposited(next: number) {
    this.#set(3, next)
  }

  get flags(): number {
    return this.#counts[4]
  }

  set flags(next: number) {
    this.#set(4, next)
  }

  get hugetlbPages(): number {
    return this.#counts[5]
  }

  set hugetlbPages(next: number) {
    this.#set(5, next)
  }

  override count(index: number, n: number): void {
    super.count(index, n)
    this.#tracer.touch(index)
  }

  override vmasChanged(): void {
    this.#tracer.vmas(this)
  }

  /** Count number `which` of `MM_FIELDS`. */
  #set(which: number, next: number): void {
    const old = this.#counts[which]
    if (next === old) return
    this.#counts[which] = next
    this.#tracer.add(KIND.rss, this.pid, which, old, 0, next, 0)
  }
}

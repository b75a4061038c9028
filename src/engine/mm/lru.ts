/**
 * The per-CPU LRU batches: folios on their way to an LRU list wait in small arrays, each wait a
 * reference, until the array is full, a large folio comes, or somebody drains. These references decide
 * whether a write fault may reuse a page, so they are part of the model; the lists themselves are not.
 * Source: linux-6.1 and linux-6.12 mm/swap.c (`folio_add_lru`, `folio_batch_move_lru`,
 * `lru_add_drain_cpu`) and mm/mlock.c; recorded: README "Limits" of the recordings.
 */
import type { KernelRecord } from '../kernel/record'
import { FN } from '../trace/functions'
import { VM } from '../trace/vmstat'
import {
  ANON,
  FOLIO_ACTIVE,
  FOLIO_LAZYFREE,
  FOLIO_LRU,
  FOLIO_MLOCKED,
  FOLIO_REFERENCED,
  FOLIO_SWAPCACHE,
  FOLIO_UNEVICTABLE,
  type Folios
} from './folio'

/** The batches of one CPU, in the order `lru_add_drain` empties them. */
const LRU_ADD = 0
const DEACTIVATE = 1
const LAZYFREE = 2
const ACTIVATE = 3
const MLOCK = 4
const KINDS = 5

/** What an entry of the mlock batch asks for, above the frame number. */
const MLOCK_LRU = 2 ** 40
const MLOCK_NEW = 2 ** 41

/** One CPU's batches: `KINDS` runs of at most `size` frame numbers. */
class CpuBatches {
  readonly folios: Float64Array
  readonly counts = new Int32Array(KINDS)

  constructor(readonly size: number) {
    this.folios = new Float64Array(KINDS * size)
  }
}

/** The LRU as far as references and flags tell of it. */
export class Lru {
  /** The CPU that runs now: its batches are used. */
  cpu = 0
  readonly #cpus: CpuBatches[] = []
  readonly #modern: boolean

  constructor(
    readonly folios: Folios,
    readonly kernel: KernelRecord,
    readonly calls: Float64Array,
    readonly vm: Float64Array
  ) {
    this.#modern = kernel.functionNames === 'linux-6.12'
  }

  /** `folio_add_lru`: a new folio goes to its list, by way of the batch. */
  add(pfn: number): void {
    this.calls[FN.folio_add_lru]++
    this.#queue(LRU_ADD, pfn, 0)
  }

  /** `folio_add_lru_vma`: the same for an anonymous folio of a VMA, which may be locked. */
  addVma(pfn: number, locked: boolean): void {
    this.calls[FN.folio_add_lru_vma]++
    if (!this.#modern) this.calls[FN.lru_cache_add_inactive_or_unevictable]++
    if (!locked) {
      this.add(pfn)
      return
    }
    if (this.#modern) this.calls[FN.mlock_new_folio]++
    this.folios.setFlags(pfn, FOLIO_MLOCKED)
    this.#queue(MLOCK, pfn, MLOCK_NEW)
  }

  /**
   * `folio_deactivate`: to the inactive list; nothing for a folio that is on no list, nor, without the
   * multi-generation LRU (6.1 as recorded), for one that is not active.
   */
  deactivate(pfn: number): void {
    if (this.#modern) this.calls[FN.folio_deactivate]++
    const flags = this.folios.flags(pfn)
    if ((flags & (FOLIO_LRU | FOLIO_UNEVICTABLE)) !== FOLIO_LRU) return
    if (!this.kernel.lruGen && (flags & FOLIO_ACTIVE) === 0) return
    this.#queue(DEACTIVATE, pfn, 0)
  }

  /** `folio_mark_lazyfree`: an anonymous folio that may be dropped while it stays clean. */
  markLazyfree(pfn: number): void {
    if (this.#modern) this.calls[FN.folio_mark_lazyfree]++
    const refused = FOLIO_LAZYFREE | FOLIO_SWAPCACHE | FOLIO_UNEVICTABLE
    if ((this.folios.flags(pfn) & (FOLIO_LRU | refused)) !== FOLIO_LRU || !this.#isAnon(pfn)) return
    this.#queue(LAZYFREE, pfn, 0)
  }

  /** `folio_activate`: to the active list. */
  activate(pfn: number): void {
    this.calls[FN.folio_activate]++
    const refused = FOLIO_ACTIVE | FOLIO_UNEVICTABLE
    if ((this.folios.flags(pfn) & (FOLIO_LRU | refused)) !== FOLIO_LRU) return
    this.#queue(ACTIVATE, pfn, 0)
  }

  /**
   * `folio_mark_accessed`. With the multi-generation LRU a mark; else the second time in a row moves
   * the folio to the active list.
   */
  markAccessed(pfn: number): void {
    this.calls[FN.folio_mark_accessed]++
    const flags = this.folios.flags(pfn)
    if ((flags & FOLIO_REFERENCED) === 0) {
      if (!this.kernel.lruGen || (flags & FOLIO_UNEVICTABLE) === 0)
        this.folios.setFlags(pfn, FOLIO_REFERENCED)
    } else if (!this.kernel.lruGen && (flags & (FOLIO_UNEVICTABLE | FOLIO_ACTIVE)) === 0) {
      if ((flags & FOLIO_LRU) !== 0) this.activate(pfn)
      else if (this.#waits(pfn)) this.folios.setFlags(pfn, FOLIO_ACTIVE)
      this.folios.setFlags(pfn, 0, FOLIO_REFERENCED)
    }
  }

  /** `mlock_folio`: a folio mapped by a VMA that is being locked. */
  mlock(pfn: number): void {
    this.calls[FN.mlock_folio]++
    this.folios.setFlags(pfn, FOLIO_MLOCKED)
    this.#queue(MLOCK, pfn, MLOCK_LRU)
  }

  /** `munlock_folio`: a locked VMA no longer maps the folio. */
  munlock(pfn: number): void {
    if (this.#modern) this.calls[FN.munlock_folio]++
    this.#queue(MLOCK, pfn, 0)
  }

  /** `lru_add_drain`: empties every batch of the CPU that runs. */
  drain(): void {
    this.#drainCpu(this.#batches())
  }

  /** `mlock_drain_local`: empties this CPU's batch of folios being locked or unlocked. */
  drainMlocked(): void {
    const cpu = this.#batches()
    if (cpu.counts[MLOCK] > 0) this.#empty(cpu, MLOCK)
  }

  /** `lru_add_drain_all`: the same on every CPU. */
  drainAll(): void {
    for (const cpu of this.#cpus) this.#drainCpu(cpu)
  }

  /** References that the batches hold on a folio, on all CPUs; for checkers. */
  references(pfn: number): number {
    const head = this.folios.head(pfn)
    let references = 0
    for (const cpu of this.#cpus) {
      for (let kind = 0; kind < KINDS; kind++) {
        for (let i = 0; i < cpu.counts[kind]; i++) {
          if (cpu.folios[kind * cpu.size + i] % MLOCK_LRU === head) references++
        }
      }
    }
    return references
  }

  /** References that the batches of all CPUs hold, by first frame of the folio. */
  waiting(): ReadonlyMap<number, number> {
    const found = new Map<number, number>()
    for (const cpu of this.#cpus) {
      for (let kind = 0; kind < KINDS; kind++) {
        for (let i = 0; i < cpu.counts[kind]; i++) {
          const head = cpu.folios[kind * cpu.size + i] % MLOCK_LRU
          found.set(head, (found.get(head) ?? 0) + 1)
        }
      }
    }
    return found
  }

  /** Whether the folio waits in this CPU's batch of new folios. */
  #waits(pfn: number): boolean {
    const cpu = this.#batches()
    return cpu.folios.subarray(0, cpu.counts[LRU_ADD]).includes(this.folios.head(pfn))
  }

  #batches(): CpuBatches {
    while (this.#cpus.length <= this.cpu) this.#cpus.push(new CpuBatches(this.kernel.lruBatch))
    return this.#cpus[this.cpu]
  }

  #isAnon(pfn: number): boolean {
    return (this.folios.word(pfn) & ANON) !== 0
  }

  /** Takes a reference and queues; a full batch, and a large folio, empty the batch at once. */
  #queue(kind: number, pfn: number, mark: number): void {
    const cpu = this.#batches()
    const head = this.folios.head(pfn)
    const large = this.folios.order(head) > 0
    if (large && cpu.counts[kind] === 0 && kind === LRU_ADD) {
      // In and out again: nobody sees the reference.
      this.#move(kind, head, mark)
      return
    }
    this.folios.addRefs(head, 1)
    cpu.folios[kind * cpu.size + cpu.counts[kind]++] = head + mark
    if (large || cpu.counts[kind] === cpu.size) this.#empty(cpu, kind)
  }

  #drainCpu(cpu: CpuBatches): void {
    for (let kind = 0; kind < KINDS; kind++) if (cpu.counts[kind] > 0) this.#empty(cpu, kind)
  }

  /** `folio_batch_move_lru`: every folio to its list, then the batch's references go. */
  #empty(cpu: CpuBatches, kind: number): void {
    if (kind === MLOCK && this.#modern) this.calls[FN.mlock_folio_batch]++
    const first = kind * cpu.size
    const end = first + cpu.counts[kind]
    cpu.counts[kind] = 0
    for (let at = first; at < end; at++) {
      const pfn = cpu.folios[at] % MLOCK_LRU
      this.#move(kind, pfn, cpu.folios[at] - pfn)
    }
    for (let at = first; at < end; at++) this.folios.put(cpu.folios[at] % MLOCK_LRU)
  }

  #move(kind: number, pfn: number, mark: number): void {
    const { folios, calls, vm } = this
    const flags = folios.flags(pfn)
    if (kind === LRU_ADD) {
      if (!this.#modern) calls[FN.lru_add_fn]++
      folios.setFlags(pfn, (flags & FOLIO_MLOCKED) === 0 ? FOLIO_LRU : FOLIO_LRU | FOLIO_UNEVICTABLE)
      return
    }
    if (kind === MLOCK) {
      this.#moveMlocked(pfn, flags, mark)
      return
    }
    // `folio_test_clear_lru`: what left its list meanwhile is passed over.
    if ((flags & FOLIO_LRU) === 0) return
    const pages = 1 << folios.order(pfn)
    const evictable = (flags & FOLIO_UNEVICTABLE) === 0
    if (kind === DEACTIVATE) {
      if (this.#modern) calls[FN.lru_deactivate]++
      if (!evictable || (!this.kernel.lruGen && (flags & FOLIO_ACTIVE) === 0)) return
      folios.setFlags(pfn, 0, FOLIO_ACTIVE | FOLIO_REFERENCED)
      vm[VM.pgdeactivate] += pages
    } else if (kind === LAZYFREE) {
      calls[this.#modern ? FN.lru_lazyfree : FN.lru_lazyfree_fn]++
      if (!evictable || !this.#isAnon(pfn) || (flags & (FOLIO_LAZYFREE | FOLIO_SWAPCACHE)) !== 0) return
      folios.setFlags(pfn, FOLIO_LAZYFREE, FOLIO_ACTIVE | FOLIO_REFERENCED)
      vm[VM.pglazyfree] += pages
    } else {
      if (!this.#modern) calls[FN.folio_activate_fn]++
      if (!evictable || (flags & FOLIO_ACTIVE) !== 0) return
      folios.setFlags(pfn, FOLIO_ACTIVE)
      vm[VM.pgactivate] += pages
    }
  }

  /** `mlock_folio_batch`: new folios come to the unevictable list, others move there or back. */
  #moveMlocked(pfn: number, flags: number, mark: number): void {
    const { folios } = this
    if (mark === MLOCK_NEW) {
      folios.setFlags(pfn, FOLIO_LRU)
      if ((flags & FOLIO_MLOCKED) !== 0) this.#cull(pfn)
    } else if (mark === MLOCK_LRU) {
      const culled = (flags & (FOLIO_LRU | FOLIO_MLOCKED | FOLIO_UNEVICTABLE)) === (FOLIO_LRU | FOLIO_MLOCKED)
      if (culled) this.#cull(pfn)
    } else {
      folios.setFlags(pfn, 0, FOLIO_MLOCKED | ((flags & FOLIO_LRU) === 0 ? 0 : FOLIO_UNEVICTABLE))
    }
  }

  /** The folio moves to the unevictable list. */
  #cull(pfn: number): void {
    this.folios.setFlags(pfn, FOLIO_UNEVICTABLE, FOLIO_ACTIVE)
    this.vm[VM.unevictable_pgs_culled] += 1 << this.folios.order(pfn)
  }
}

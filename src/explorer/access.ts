/**
 * One access of an agent: which translations it may use, and what each of them does. A TLB may hold
 * what it has cached and anything a walk could cache at this moment, so all of these are candidates,
 * and two of them that must not be in one TLB together are harm by themselves (B8).
 */
import { choice, DOES, FAULT_ARGUMENT, WIDE_ARGUMENT } from './choice'
import type { PackedState } from './layout'
import { UPPER_TABLE, UPPER_WIDE, type CompiledAgent, type Program } from './program'
import type { Sink } from './sink'
import type { Updater } from './updater'
import { mayAbort } from '../engine/arch/bbm'
import { CLEAN, RO } from './values'
import { V } from './violation'

const BLANK = 0
const FOREIGN = 1

export class Access {
  readonly #p: Program
  readonly #s: PackedState
  readonly #sink: Sink
  readonly #updater: Updater
  readonly #mayAbort: boolean
  readonly #torn: boolean
  /** Candidates as bits: values of the entry, and wide translations. */
  #pages = 0
  #wides = 0
  #faults = false
  #faultByNt = false

  constructor(program: Program, state: PackedState, sink: Sink, updater: Updater) {
    this.#p = program
    this.#s = state
    this.#sink = sink
    this.#updater = updater
    this.#mayAbort = program.model.architecture === 'arm64' && mayAbort(program.model.bbm)
    this.#torn = program.fixed.readers === 'several words' && program.model.content === 'strict'
  }

  /** Loads through the entry: every way it may go, and what is wrong with it. */
  load(cpu: number, entry: number, by: CompiledAgent): void {
    const code = choice(DOES.load, cpu, entry, 0, by.index)
    this.#candidates(cpu, entry)
    this.#together(code, entry)
    this.#fault(code, cpu, entry, by)
    const p = this.#p
    for (let value = 1; value < p.count[entry]; value++)
      if ((this.#pages & (1 << value)) !== 0)
        this.#found(code | (value << 12), entry, p.frameOf[entry][value], value)
    for (let wide = 0; wide < p.wides; wide++)
      if ((this.#wides & (1 << wide)) !== 0)
        this.#found(code | ((WIDE_ARGUMENT + wide) << 12), entry, p.values.wides[wide].base + entry, -1, wide)
  }

  /** Stores through the entry; the first store of an agent is tracked. */
  store(cpu: number, entry: number, by: CompiledAgent): void {
    const code = choice(DOES.store, cpu, entry, 0, by.index)
    this.load(cpu, entry, by)
    this.#stores(code, cpu, entry, by, V.readOnlyStore)
  }

  /** The atomic of a refcount attempt. */
  attempt(cpu: number, entry: number, by: CompiledAgent): void {
    const code = choice(DOES.attempt, cpu, entry, 0, by.index)
    this.load(cpu, entry, by)
    this.#stores(code, cpu, entry, by, V.readOnlyRefcount)
  }

  /** Whoever looks for the store of `by` must find it, on any CPU and through any translation. */
  readBack(cpu: number, entry: number, by: CompiledAgent): void {
    const p = this.#p
    const s = this.#s
    this.#candidates(cpu, entry)
    const now = p.frameOf[entry][s.get(p.current[entry])]
    const code = now >= 0 && s.get(p.written[now]) === 1 ? V.staleRead : V.lostWrite
    const where = choice(DOES.load, cpu, entry, 0, by.index)
    for (let value = 1; value < p.count[entry]; value++)
      if ((this.#pages & (1 << value)) !== 0 && s.get(p.written[p.frameOf[entry][value]]) === 0)
        this.#sink.violation(where | (value << 12), code, entry)
    for (let wide = 0; wide < p.wides; wide++)
      if ((this.#wides & (1 << wide)) !== 0 && s.get(p.written[p.values.wides[wide].base + entry]) === 0)
        this.#sink.violation(where | ((WIDE_ARGUMENT + wide) << 12), code, entry)
  }

  /** Whether a check through this entry may find a page that is no fake head. */
  mayPass(cpu: number, entry: number): boolean {
    const p = this.#p
    this.#candidates(cpu, entry)
    for (let value = 1; value < p.count[entry]; value++)
      if ((this.#pages & (1 << value)) !== 0 && this.#noHead(p.frameOf[entry][value])) return true
    for (let wide = 0; wide < p.wides; wide++)
      if ((this.#wides & (1 << wide)) !== 0 && this.#noHead(p.values.wides[wide].base + entry)) return true
    return false
  }

  #noHead(frame: number): boolean {
    const p = this.#p
    return this.#s.get(p.partial[frame]) === 1 || this.#updater.contentsOf(frame) !== p.headContents
  }

  #candidates(cpu: number, entry: number): void {
    const p = this.#p
    const s = this.#s
    const slot = s.get(p.slot[cpu * p.entries + entry])
    const wide = s.get(p.wide[cpu])
    const current = s.get(p.current[entry])
    this.#pages = slot === 0 ? 0 : 1 << slot
    this.#wides = wide === 0 ? 0 : 1 << (wide - 1)
    this.#faultByNt = false
    const upper = p.hasUpper ? s.get(p.upper) : UPPER_TABLE
    const before = p.hasUpper ? s.get(p.upperOlder) : 0
    if (upper === UPPER_TABLE || (before & (1 << UPPER_TABLE)) !== 0) {
      this.#pages |= (s.get(p.older[entry]) | (1 << current)) & ~1
      if (p.values.hasCont) this.#wides |= this.#updater.contiguousNow(entry) >>> 1
    }
    if (p.hasUpper) {
      this.#wides |= before >>> UPPER_WIDE
      if (upper >= UPPER_WIDE) {
        this.#wides |= 1 << (upper - UPPER_WIDE)
        this.#faultByNt = p.values.wides[upper - UPPER_WIDE].nt && p.model.bbm === 1
      }
    }
    this.#faults = upper === 0 || (upper === UPPER_TABLE && current === 0)
  }

  /** Two candidates that no TLB should hold at once. */
  #together(code: number, entry: number): void {
    const p = this.#p
    const count = p.count[entry]
    for (let one = 1; one < count; one++) {
      if ((this.#pages & (1 << one)) === 0) continue
      for (let wide = 0; wide < p.wides; wide++)
        if (
          (this.#wides & (1 << wide)) !== 0 &&
          !p.values.wides[wide].nt &&
          !p.values.agrees(wide, entry, one)
        ) {
          if (this.#mayAbort) this.#sink.violation(code, V.conflict, entry)
          this.#mixture(
            code,
            entry,
            p.wideBreach[entry][wide * count + one],
            p.values.wides[wide].base + entry,
            one
          )
        }
      for (let two = one + 1; two < count; two++)
        if ((this.#pages & (1 << two)) !== 0)
          this.#mixture(code, entry, p.breach[entry][one * count + two], p.frameOf[entry][one], two)
    }
  }

  #mixture(code: number, entry: number, breach: number, frame: number, value: number): void {
    const found = this.#updater.decided(breach, frame, this.#p.frameOf[entry][value])
    if (found === V.addressChange) this.#sink.violation(code, V.mixtureAddress, entry)
    if (found === V.contentsChange) this.#sink.violation(code, V.mixtureContents, entry)
  }

  #fault(code: number, cpu: number, entry: number, { agent }: CompiledAgent): void {
    if (agent.user === true) return
    const where = code | (FAULT_ARGUMENT << 12)
    if (this.#faultByNt) this.#sink.violation(where, V.faultByNt, entry)
    if (!this.#faults) return
    if (this.#p.model.assume.faults === 'handled' && this.#s.get(this.#p.locked) === 1) {
      if (cpu === 0) this.#sink.violation(where, V.faultUnderLock, entry)
    } else this.#sink.violation(where, cpu === 0 ? V.faultInInterrupt : V.fault, entry)
  }

  #found(code: number, entry: number, frame: number, value: number, wide = -1): void {
    const p = this.#p
    const s = this.#s
    if (s.get(p.owner[frame]) !== 0) return this.#sink.violation(code, V.freedAccess, entry)
    const contents = this.#updater.contentsOf(frame)
    if (contents === FOREIGN || (contents === BLANK && s.get(p.partial[frame]) === 0))
      this.#sink.violation(code, V.staleRead, entry)
    if (this.#torn && s.get(p.partial[frame]) === 1) this.#sink.violation(code, V.tornRead, entry)
    if (p.values.hasCont) this.#outdated(code, entry, frame, value, wide)
  }

  /**
   * Between the first store to a block and the flush any of its values may be found (T5); after it, only
   * the entry's own. Entries that are invalid count for nothing (S002, C4).
   */
  #outdated(code: number, entry: number, frame: number, value: number, wide: number): void {
    const p = this.#p
    for (let other = 0; other < p.entries; other++) if (this.#s.get(p.changed[other]) === 1) return
    const current = this.#s.get(p.current[entry])
    if (current === 0) return
    const access = wide < 0 ? p.accessOf[entry][value] : p.values.wides[wide].access
    const like =
      p.frameOf[entry][current] === frame && (access === RO) === (p.accessOf[entry][current] === RO)
    if (!like) this.#sink.violation(code, V.outdated, entry)
  }

  #stores(code: number, cpu: number, entry: number, by: CompiledAgent, readOnly: number): void {
    const p = this.#p
    for (let value = 1; value < p.count[entry]; value++)
      if ((this.#pages & (1 << value)) !== 0)
        this.#put(
          code | (value << 12),
          cpu,
          entry,
          by,
          p.frameOf[entry][value],
          p.accessOf[entry][value],
          readOnly,
          false
        )
    for (let wide = 0; wide < p.wides; wide++) {
      if ((this.#wides & (1 << wide)) === 0) continue
      const { base, access, cont } = p.values.wides[wide]
      this.#put(code | ((WIDE_ARGUMENT + wide) << 12), cpu, entry, by, base + entry, access, readOnly, cont)
    }
  }

  #put(
    code: number,
    cpu: number,
    entry: number,
    by: CompiledAgent,
    frame: number,
    access: number,
    readOnly: number,
    cont: boolean
  ): void {
    if (access === RO) {
      if (by.agent.user !== true) this.#sink.violation(code, readOnly, entry)
      return
    }
    if (access !== CLEAN) return this.#land(code, cpu, entry, by, frame, -1)
    // Hardware marks the entry as it is in the table now, or any one of a contiguous block (H3).
    const p = this.#p
    for (let marked = cont ? 0 : entry; marked < (cont ? p.entries : entry + 1); marked++) {
      const now = this.#s.get(p.current[marked])
      if (now !== 0 && p.accessOf[marked][now] !== RO && (!cont || p.wideOf[marked][now] >= 0))
        this.#land(code | (marked << 25), cpu, entry, by, frame, marked)
    }
  }

  #land(code: number, cpu: number, entry: number, by: CompiledAgent, frame: number, marked: number): void {
    const p = this.#p
    const s = this.#s
    const tracked = by.wrote >= 0
    if (tracked && s.get(by.wrote) !== 0) return
    s.begin()
    if (tracked) {
      s.put(by.wrote, by.entries.indexOf(entry) + 1)
      s.put(p.written[frame], 1)
    } else {
      s.put(p.disturbed[frame], 1)
      s.put(p.attempt[cpu], 0)
    }
    if (marked >= 0) s.put(p.current[marked], p.dirtied[marked][s.get(p.current[marked])])
    this.#sink.state(code)
  }
}

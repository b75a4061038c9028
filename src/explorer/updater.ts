/**
 * The updating CPU: the next step of the sequence, what it changes, and what it breaks at that moment.
 * A rule is broken by a store if it breaks it against any value that a TLB may still hold: the one in
 * the table, older ones that walkers may still see, and what TLBs have cached.
 */
import { choice, DOES } from './choice'
import type { PackedState } from './layout'
import { OP, UPPER_TABLE, UPPER_WIDE, type Op, type Program } from './program'
import type { Sink } from './sink'
import { NEEDS_SAME } from './values'
import { V } from './violation'

const STEP = choice(DOES.step)

export class Updater {
  readonly #p: Program
  readonly #s: PackedState
  readonly #sink: Sink

  constructor(program: Program, state: PackedState, sink: Sink) {
    this.#p = program
    this.#s = state
    this.#sink = sink
  }

  /** Whether the sequence is over. */
  get over(): boolean {
    return this.#s.get(this.#p.pc) === this.#p.ops.length
  }

  /** Takes the next micro-step; false where it has to wait. */
  act(): boolean {
    const { ops, pc } = this.#p
    const s = this.#s
    const at = s.get(pc)
    const op = ops[at]
    if (op === undefined || this.#waits(op)) return false
    s.begin()
    s.put(pc, at + 1)
    this.#perform(op)
    this.#sink.state(STEP)
    return true
  }

  /** Contents of a frame, as one number: two frames with the same hold the same bytes. */
  bytesOf(frame: number): number {
    const { written, disturbed, partial } = this.#p
    const s = this.#s
    return (
      (this.contentsOf(frame) << 3) |
      (s.get(written[frame]) << 2) |
      (s.get(disturbed[frame]) << 1) |
      s.get(partial[frame])
    )
  }

  contentsOf(frame: number): number {
    return this.#p.changes[frame] ? this.#s.get(this.#p.holds[frame]) : this.#p.startContents[frame]
  }

  /** The breach between two translations of a page, with the clause of contents decided. */
  decided(code: number, oldFrame: number, newFrame: number): number {
    if (code !== NEEDS_SAME) return code
    return this.bytesOf(oldFrame) === this.bytesOf(newFrame) ? -1 : V.contentsChange
  }

  #waits({ kind }: Op): boolean {
    const p = this.#p
    if (!p.hasRefcount) return false
    // An interrupt runs to its end before the interrupted code goes on.
    if (this.#s.get(p.attempt[0]) !== 0) return true
    if (kind !== OP.rcu && kind !== OP.stop) return false
    for (let cpu = 1; cpu < p.cpus; cpu++) if (this.#s.get(p.attempt[cpu]) !== 0) return true
    return false
  }

  #perform(op: Op): void {
    const p = this.#p
    const s = this.#s
    const { a, b } = op
    switch (op.kind) {
      case OP.write:
        return this.#write(op)
      case OP.upper:
        return this.#writeUpper(b)
      case OP.tlbi:
        return this.#tlbi(b)
      case OP.dsbStores:
        return this.#dsb(false)
      case OP.dsb:
        return this.#dsb(true)
      case OP.copyBegin:
        return s.put(p.partial[b], 1)
      case OP.copyEnd:
        s.put(p.partial[b], s.get(p.partial[a]))
        s.put(p.holds[b], this.contentsOf(a))
        s.put(p.written[b], s.get(p.written[a]))
        return s.put(p.disturbed[b], s.get(p.disturbed[a]))
      case OP.reset:
        return s.put(p.holds[a], p.resetOf[this.contentsOf(a)])
      case OP.allocate:
        s.put(p.owner[a], 0)
        return s.put(p.holds[a], 0)
      case OP.free:
        return this.#free(a)
      case OP.lock:
        s.put(p.locked, 1)
        if (b === 1) s.put(p.irqsOff, 1)
        return
      case OP.unlock:
        s.put(p.locked, 0)
        if (b === 1) s.put(p.irqsOff, 0)
        return
      case OP.stop:
        s.put(p.paused, 1)
        return s.put(p.irqsOff, 1)
      case OP.start:
        s.put(p.paused, 0)
        return s.put(p.irqsOff, 0)
      case OP.pause:
        return s.put(p.paused, 1)
      case OP.resume:
        return s.put(p.paused, 0)
      case OP.irqsOff:
        return s.put(p.irqsOff, 1)
      case OP.irqsOn:
        return s.put(p.irqsOff, 0)
      case OP.steer:
        return s.put(p.steered, 1)
      case OP.unsteer:
        return s.put(p.steered, 0)
      default:
        return
    }
  }

  #write({ a: entry, b, c, exchange }: Op): void {
    const p = this.#p
    const s = this.#s
    const value = p.hasClean && s.get(p.gathered) === 1 ? c : b
    const before = s.get(p.current[entry])
    if (p.hasClean && exchange && p.made[entry][before] === 1) s.put(p.gathered, 1)
    if (this.#reachable) this.#mayWrite(entry, before, value)
    s.put(p.current[entry], value)
    if (before !== 0 && before !== value) s.put(p.older[entry], s.get(p.older[entry]) | (1 << before))
    if (p.values.hasCont && before !== value) {
      s.put(p.changed[entry], 1)
      s.put(p.issued[entry], 0)
    }
  }

  /** Whether walkers may get to the entries now. */
  get #reachable(): boolean {
    const p = this.#p
    if (!p.hasUpper) return true
    return this.#s.get(p.upper) === UPPER_TABLE || (this.#s.get(p.upperOlder) & (1 << UPPER_TABLE)) !== 0
  }

  /** Every translation of the page that may still be used, against the new value. */
  #mayWrite(entry: number, before: number, value: number): void {
    if (value === 0) return
    const p = this.#p
    const s = this.#s
    let seen = s.get(p.older[entry]) | (1 << before)
    for (let cpu = 0; cpu < p.cpus; cpu++) seen |= 1 << s.get(p.slot[cpu * p.entries + entry])
    for (let old = 1; old < p.count[entry]; old++)
      if ((seen & (1 << old)) !== 0)
        this.#judge(p.breach[entry][old * p.count[entry] + value], entry, old, value)
    if (p.wides === 0) return
    let wides = 0
    for (let cpu = 0; cpu < p.cpus; cpu++) wides |= 1 << s.get(p.wide[cpu])
    if (p.hasUpper) wides |= (s.get(p.upperOlder) >>> UPPER_WIDE) << 1
    wides |= this.contiguousNow(entry)
    for (let wide = 0; wide < p.wides; wide++)
      if ((wides & (2 << wide)) !== 0) this.#judgeWide(wide, entry, value)
  }

  /** Wide translations (bit `1 + number`) that contiguous entries other than `entry` may give now. */
  contiguousNow(entry: number): number {
    const p = this.#p
    if (!p.values.hasCont) return 0
    const s = this.#s
    let wides = 0
    for (let other = 0; other < p.entries; other++) {
      if (other === entry) continue
      const seen = s.get(p.older[other]) | (1 << s.get(p.current[other]))
      for (let value = 1; value < p.count[other]; value++)
        if ((seen & (1 << value)) !== 0 && p.wideOf[other][value] >= 0) wides |= 2 << p.wideOf[other][value]
    }
    return wides
  }

  #judge(code: number, entry: number, old: number, value: number): void {
    if (code < 0) return
    const found = this.decided(code, this.#p.frameOf[entry][old], this.#p.frameOf[entry][value])
    if (found >= 0) this.#sink.violation(STEP, found, entry)
  }

  #judgeWide(wide: number, entry: number, value: number): void {
    const p = this.#p
    const code = p.wideBreach[entry][wide * p.count[entry] + value]
    if (code < 0) return
    const found = this.decided(code, p.values.wides[wide].base + entry, p.frameOf[entry][value])
    if (found >= 0) this.#sink.violation(STEP, found, entry)
  }

  #writeUpper(value: number): void {
    const p = this.#p
    const s = this.#s
    const before = s.get(p.upper)
    if (value === UPPER_TABLE && before !== UPPER_TABLE) {
      let wides = (s.get(p.upperOlder) >>> UPPER_WIDE) << 1
      if (before >= UPPER_WIDE) wides |= 2 << (before - UPPER_WIDE)
      for (let cpu = 0; cpu < p.cpus; cpu++) wides |= 1 << s.get(p.wide[cpu])
      for (let wide = 0; wide < p.wides; wide++)
        if ((wides & (2 << wide)) !== 0)
          for (let entry = 0; entry < p.entries; entry++)
            if (s.get(p.current[entry]) !== 0) this.#judgeWide(wide, entry, s.get(p.current[entry]))
    }
    if (value >= UPPER_WIDE && before === UPPER_TABLE)
      for (let entry = 0; entry < p.entries; entry++)
        if (s.get(p.current[entry]) !== 0) this.#judgeWide(value - UPPER_WIDE, entry, s.get(p.current[entry]))
    s.put(p.upper, value)
    if (before !== value) s.put(p.upperOlder, s.get(p.upperOlder) | (1 << before))
  }

  /** A TLBI marks what TLBs hold now; the next DSB is when it is gone for certain. */
  #tlbi(set: number): void {
    const p = this.#p
    const s = this.#s
    for (let cpu = 0; cpu < p.cpus; cpu++) {
      for (let entry = 0; entry < p.entries; entry++) {
        const slot = cpu * p.entries + entry
        if ((set & (1 << entry)) !== 0 && s.get(p.slot[slot]) !== 0) s.put(p.doomed[slot], 1)
      }
      if (s.get(p.wide[cpu]) !== 0) s.put(p.wideDoomed[cpu], 1)
    }
    if (p.values.hasCont)
      for (let entry = 0; entry < p.entries; entry++)
        if ((set & (1 << entry)) !== 0 && s.get(p.changed[entry]) === 1 && s.get(p.older[entry]) === 0)
          s.put(p.issued[entry], 1)
  }

  #dsb(completes: boolean): void {
    const p = this.#p
    const s = this.#s
    for (let entry = 0; entry < p.entries; entry++) s.put(p.older[entry], 0)
    if (p.hasUpper) s.put(p.upperOlder, 0)
    if (!completes) return
    for (let cpu = 0; cpu < p.cpus; cpu++) {
      for (let slot = cpu * p.entries; slot < (cpu + 1) * p.entries; slot++) {
        if (s.get(p.doomed[slot]) === 0) continue
        s.put(p.doomed[slot], 0)
        s.put(p.slot[slot], 0)
      }
      if (s.get(p.wideDoomed[cpu]) === 0) continue
      s.put(p.wideDoomed[cpu], 0)
      s.put(p.wide[cpu], 0)
    }
    if (!p.values.hasCont) return
    for (let entry = 0; entry < p.entries; entry++) {
      if (s.get(p.issued[entry]) === 0) continue
      s.put(p.changed[entry], 0)
      s.put(p.issued[entry], 0)
    }
  }

  #free(frame: number): void {
    const p = this.#p
    const s = this.#s
    const table = this.#reachable
    let held = 0
    for (let cpu = 0; cpu < p.cpus; cpu++) held |= 1 << s.get(p.wide[cpu])
    if (p.hasUpper) held |= (s.get(p.upperOlder) >>> UPPER_WIDE) << 1
    if (p.hasUpper && s.get(p.upper) >= UPPER_WIDE) held |= 2 << (s.get(p.upper) - UPPER_WIDE)
    for (let entry = 0; entry < p.entries; entry++) {
      const wides = held | (table ? this.contiguousNow(entry) : 0)
      let used = table && p.frameOf[entry][s.get(p.current[entry])] === frame
      const seen = s.get(p.older[entry])
      for (let value = 1; value < p.count[entry]; value++)
        if ((seen & (1 << value)) !== 0 && p.frameOf[entry][value] === frame) used = true
      for (let cpu = 0; cpu < p.cpus; cpu++)
        if (p.frameOf[entry][s.get(p.slot[cpu * p.entries + entry])] === frame) used = true
      for (let wide = 0; wide < p.wides; wide++)
        if ((wides & (2 << wide)) !== 0 && p.values.wides[wide].base + entry === frame) used = true
      if (used) this.#sink.violation(STEP, V.freedCached, entry)
    }
    s.put(p.owner[frame], 1)
  }
}

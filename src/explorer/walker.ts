/**
 * What hardware may do at any moment: walkers cache any valid entry they can reach, TLBs forget.
 *
 * Reduced, a walk that only caches what the table still says is left out: an access finds it there
 * anyway. What counts is an old value in a TLB after walkers can no longer see it, and that moment is
 * the next DSB; a walk that happens earlier does the same or less, because a TLBI may end it.
 */
import { choice, DOES } from './choice'
import type { PackedState } from './layout'
import { OP, UPPER_TABLE, UPPER_WIDE, type Program } from './program'
import type { Sink } from './sink'

export class Walker {
  readonly #p: Program
  readonly #s: PackedState
  readonly #sink: Sink

  constructor(program: Program, state: PackedState, sink: Sink) {
    this.#p = program
    this.#s = state
    this.#sink = sink
  }

  /** Everything that the walkers and TLBs of one CPU may do. */
  act(cpu: number): void {
    const p = this.#p
    const s = this.#s
    const all = !p.reductions.fills
    const op = p.ops[s.get(p.pc)]
    const last = op !== undefined && (op.kind === OP.dsb || op.kind === OP.dsbStores)
    const table = !p.hasUpper || s.get(p.upper) === UPPER_TABLE
    const tableBefore = p.hasUpper && (s.get(p.upperOlder) & (1 << UPPER_TABLE)) !== 0
    for (let entry = 0; entry < p.entries; entry++) {
      const older = s.get(p.older[entry])
      const current = 1 << s.get(p.current[entry])
      let seen = 0
      if (all || p.mutable[entry]) seen = table || tableBefore ? older | current : 0
      else if (last) seen = tableBefore ? older | current : table ? older : 0
      for (let value = 1; value < p.count[entry]; value++)
        if ((seen & (1 << value)) !== 0) this.#fill(cpu, entry, value)
    }
    if (p.hasUpper) {
      let wides = all || last ? s.get(p.upperOlder) >>> UPPER_WIDE : 0
      if (all && s.get(p.upper) >= UPPER_WIDE) wides |= 1 << (s.get(p.upper) - UPPER_WIDE)
      for (let wide = 0; wide < p.wides; wide++)
        if ((wides & (1 << wide)) !== 0 && !p.values.wides[wide].nt) this.#fillWide(cpu, wide, 0)
    }
    if (all) this.#evict(cpu)
  }

  #fill(cpu: number, entry: number, value: number): void {
    const p = this.#p
    const s = this.#s
    const marked = p.marked[entry][value]
    // The access flag is set in the table as it is now, or not at all.
    if (marked !== value && s.get(p.current[entry]) !== value) return
    const slot = cpu * p.entries + entry
    if (s.get(p.slot[slot]) !== marked || s.get(p.doomed[slot]) !== 0 || marked !== value) {
      s.begin()
      s.put(p.current[entry], marked === value ? s.get(p.current[entry]) : marked)
      s.put(p.slot[slot], marked)
      if (s.get(p.doomed[slot]) !== 0) s.put(p.doomed[slot], 0)
      this.#sink.state(choice(DOES.fill, cpu, entry, value))
    }
    const wide = p.wideOf[entry][marked]
    if (wide >= 0) this.#fillWide(cpu, wide, entry)
  }

  #fillWide(cpu: number, wide: number, entry: number): void {
    const p = this.#p
    const s = this.#s
    if (s.get(p.wide[cpu]) === wide + 1 && s.get(p.wideDoomed[cpu]) === 0) return
    s.begin()
    s.put(p.wide[cpu], wide + 1)
    if (s.get(p.wideDoomed[cpu]) !== 0) s.put(p.wideDoomed[cpu], 0)
    this.#sink.state(choice(DOES.fillWide, cpu, entry, wide))
  }

  #evict(cpu: number): void {
    const p = this.#p
    const s = this.#s
    for (let entry = 0; entry < p.entries; entry++) {
      const slot = cpu * p.entries + entry
      if (s.get(p.slot[slot]) === 0) continue
      s.begin()
      s.put(p.slot[slot], 0)
      if (s.get(p.doomed[slot]) !== 0) s.put(p.doomed[slot], 0)
      this.#sink.state(choice(DOES.evict, cpu, entry))
    }
    if (s.get(p.wide[cpu]) === 0) return
    s.begin()
    s.put(p.wide[cpu], 0)
    if (s.get(p.wideDoomed[cpu]) !== 0) s.put(p.wideDoomed[cpu], 0)
    this.#sink.state(choice(DOES.evictWide, cpu))
  }
}

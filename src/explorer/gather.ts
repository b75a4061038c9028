/**
 * A lockless read of a contiguous block: the entry asked for, then every entry of the block, one load after
 * the other, while others change them. What it answers (which page, dirty or not) must have been true at
 * some moment since its first load.
 *
 * Source: ptep_get_lockless of Linux 6.9, as reference `contpte.md` section 5 has it. Loads are taken in
 * program order; a data load sees a store at once, whatever walkers do.
 */
import { choice, DOES } from './choice'
import type { PackedState } from './layout'
import type { CompiledAgent, Program } from './program'
import type { Sink } from './sink'
import { V } from './violation'

export class Gather {
  readonly #p: Program
  readonly #s: PackedState
  readonly #sink: Sink

  constructor(program: Program, state: PackedState, sink: Sink) {
    this.#p = program
    this.#s = state
    this.#sink = sink
  }

  /** The next load of a CPU: of a gather under way, or the first of one that begins. */
  act(cpu: number, by: CompiledAgent): void {
    const p = this.#p
    const under = this.#s.get(p.gather[cpu])
    if (under > 0) {
      if (p.gathers[under - 1].agent === by.index) this.#read(cpu, p.gathers[under - 1].entry, by)
      return
    }
    p.gathers.forEach(({ agent, entry }, index) => {
      if (agent === by.index) this.#begin(cpu, entry, index + 1, by)
    })
  }

  /** Adds what the block is in the successor under way to what gathers under way may answer. */
  note(): void {
    const p = this.#p
    const s = this.#s
    for (let cpu = 1; cpu < p.cpus; cpu++) {
      const under = s.getNext(p.gather[cpu])
      if (under === 0) continue
      const { entry } = p.gathers[under - 1]
      s.put(p.gatherSeen[cpu], s.getNext(p.gatherSeen[cpu]) | this.#truth(entry))
    }
  }

  /**
   * What may be answered of the entry now, as bits: clean, where no entry of its block is dirty; dirty, of
   * every page that a dirty entry of the block says, also while somebody clears the entry itself.
   */
  #truth(entry: number): number {
    const p = this.#p
    const s = this.#s
    const value = s.getNext(p.current[entry])
    const line = p.frameOf[entry][value] - entry
    let dirty = p.made[entry][value]
    let bits = 0
    for (let other = 0; other < p.entries; other++) {
      const its = s.getNext(p.current[other])
      if (!this.#contiguous(other, its) || p.made[other][its] === 0) continue
      const base = p.frameOf[other][its] - other
      if (base === line) dirty = 1
      const page = p.frameOf[entry].indexOf(base + entry)
      if (page >= 0) bits |= 2 << (page * 2)
    }
    return bits | this.#bit(entry, value, dirty)
  }

  /** Values of one page are one: which of them hardware and write protection make differ all the time. */
  #bit(entry: number, value: number, dirty: number): number {
    const frames = this.#p.frameOf[entry]
    return 1 << (frames.indexOf(frames[value]) * 2 + dirty)
  }

  #contiguous(entry: number, value: number): boolean {
    return this.#p.values.of[entry][value].cont
  }

  /** An entry of its own is answered by one load, which cannot be torn. */
  #begin(cpu: number, entry: number, number: number, by: CompiledAgent): void {
    const p = this.#p
    const s = this.#s
    const value = s.get(p.current[entry])
    if (!this.#contiguous(entry, value)) return
    s.begin()
    s.put(p.gather[cpu], number)
    s.put(p.gatherFirst[cpu], value)
    this.#sink.state(choice(DOES.read, cpu, entry, value, by.index, entry))
  }

  #read(cpu: number, entry: number, by: CompiledAgent): void {
    const p = this.#p
    const s = this.#s
    const at = s.get(p.gatherNext[cpu])
    const value = s.get(p.current[at])
    const first = s.get(p.gatherFirst[cpu])
    const code = choice(DOES.read, cpu, at, value, by.index, entry)
    const inLine =
      this.#contiguous(at, value) && p.frameOf[at][value] - at === p.frameOf[entry][first] - entry
    s.begin()
    if (!inLine && by.agent.unchecked !== true) {
      this.#over(cpu)
      return this.#sink.state(code)
    }
    const dirty = s.get(p.gatherDirty[cpu]) | p.made[at][value]
    if (at < p.entries - 1) {
      s.put(p.gatherNext[cpu], at + 1)
      s.put(p.gatherDirty[cpu], dirty)
      return this.#sink.state(code)
    }
    if ((s.get(p.gatherSeen[cpu]) & this.#bit(entry, first, dirty)) === 0)
      this.#sink.violation(code, V.tornGather, entry)
    this.#over(cpu)
    this.#sink.state(code)
  }

  #over(cpu: number): void {
    const p = this.#p
    for (const field of [p.gather, p.gatherNext, p.gatherFirst, p.gatherDirty, p.gatherSeen])
      this.#s.put(field[cpu], 0)
  }
}

/** One state and everything that may happen next: the steps of the sequence, hardware, and the agents. */
import { Access } from './access'
import { Gather } from './gather'
import { choice, DOES } from './choice'
import { PackedState } from './layout'
import { UPPER_TABLE, UPPER_WIDE, type CompiledAgent, type Program } from './program'
import type { Sink } from './sink'
import { Updater } from './updater'
import { V } from './violation'
import { Walker } from './walker'

const END = choice(DOES.end)

export class World {
  readonly state: PackedState
  readonly #p: Program
  readonly #sink: Sink
  readonly #updater: Updater
  readonly #walker: Walker
  readonly #access: Access
  readonly #gather: Gather
  /** Who acts on the updating CPU (in interrupts) and on the others. */
  readonly #here: readonly CompiledAgent[]
  readonly #remote: readonly CompiledAgent[]
  readonly #allocates: boolean
  readonly #interrupts: boolean

  constructor(program: Program, heard: Sink) {
    this.#p = program
    this.state = new PackedState(program.layout)
    const sink = program.gathers.length === 0 ? heard : this.#noting(heard)
    this.#sink = sink
    this.#updater = new Updater(program, this.state, sink)
    this.#walker = new Walker(program, this.state, sink)
    this.#access = new Access(program, this.state, sink, this.#updater)
    this.#gather = new Gather(program, this.state, sink)
    const acts = program.agents.filter(({ agent }) => agent.kind !== 'allocator' && agent.frozen !== true)
    this.#here = acts.filter(({ agent }) => agent.on !== 'remote' && agent.kind !== 'gather')
    this.#remote = acts.filter(({ agent }) => agent.on !== 'interrupt')
    // Where nobody acts on CPU 0, what its TLB may hold another one may hold too.
    this.#interrupts = this.#here.length > 0 || !program.reductions.fills
    this.#allocates = program.agents.some(({ agent }) => agent.kind === 'allocator')
  }

  /** Whatever happens, gathers under way have one more state that they may answer. */
  #noting(heard: Sink): Sink {
    return {
      state: (choice) => {
        this.#gather.note()
        heard.state(choice)
      },
      violation: (choice, code, entry) => heard.violation(choice, code, entry)
    }
  }

  /** Puts the first state into `next`. */
  start(): void {
    const p = this.#p
    const s = this.state
    s.next.fill(0)
    const { sequence } = p.model
    if (p.hasUpper) {
      const { upper } = sequence
      s.put(
        p.upper,
        typeof upper === 'object'
          ? UPPER_WIDE + p.values.wideOfUpper(upper)
          : upper === 'invalid'
            ? 0
            : UPPER_TABLE
      )
    }
    sequence.entries.forEach((name, entry) =>
      s.put(p.current[entry], p.values.valueOf(entry, sequence.start[name]))
    )
    for (let frame = 0; frame < p.frames; frame++)
      if (p.changes[frame]) s.put(p.holds[frame], p.startContents[frame])
  }

  /** Tells the sink every successor of `state.now`, and all harm in it or on the way to them. */
  expand(): void {
    const p = this.#p
    const s = this.state
    const stepped = this.#updater.act()
    if (this.#updater.over) this.#atEnd()
    else if (!stepped && !this.#othersCanMoveOn()) this.#sink.violation(END, V.deadlock, -1)
    for (let cpu = 0; cpu < p.cpus; cpu++) {
      if (cpu > 1 && p.reductions.symmetry && this.#likeTheOneBefore(cpu)) continue
      if (cpu > 0 || this.#interrupts) this.#walker.act(cpu)
      if (cpu === 0 ? s.get(p.irqsOff) === 0 : s.get(p.paused) === 0)
        for (const agent of cpu === 0 ? this.#here : this.#remote) this.#act(cpu, agent)
    }
    if (this.#allocates) this.#reuse()
  }

  #act(cpu: number, by: CompiledAgent): void {
    if (by.agent.kind === 'refcount') return this.#refcount(cpu, by)
    if (by.agent.kind === 'gather') return this.#gather.act(cpu, by)
    for (const entry of by.entries)
      if (by.agent.kind === 'reader') this.#access.load(cpu, entry, by)
      else {
        this.#access.store(cpu, entry, by)
        if (by.entries[this.state.get(by.wrote) - 1] === entry) this.#access.readBack(cpu, entry, by)
      }
  }

  #refcount(cpu: number, by: CompiledAgent): void {
    const p = this.#p
    const s = this.state
    const under = s.get(p.attempt[cpu])
    if (under > 0) {
      const entry = p.attempts[under - 1].entry
      if (p.attempts[under - 1].agent !== by.index) return
      this.#access.attempt(cpu, entry, by)
      s.begin()
      s.put(p.attempt[cpu], 0)
      this.#sink.state(choice(DOES.giveUp, cpu, entry, 0, by.index))
      return
    }
    const reliable = p.fixed.refcountChecks === 'reliable'
    if (reliable && s.get(p.steered) === 1) return
    p.attempts.forEach(({ agent, entry }, index) => {
      if (agent !== by.index) return
      this.#access.load(cpu, entry, by)
      // Before the refcount was frozen anybody could pass; later only where the checks are not ordered.
      const early = s.get(p.pc) === 0 && p.model.sequence.settled !== true
      if ((!early && reliable) || !this.#access.mayPass(cpu, entry)) return
      s.begin()
      s.put(p.attempt[cpu], index + 1)
      this.#sink.state(choice(DOES.check, cpu, entry, 0, by.index))
    })
  }

  #reuse(): void {
    const p = this.#p
    const s = this.state
    for (let frame = 0; frame < p.frames; frame++) {
      if (s.get(p.owner[frame]) !== 1) continue
      s.begin()
      s.put(p.owner[frame], 2)
      s.put(p.holds[frame], 1)
      this.#sink.state(choice(DOES.reuse, 0, frame))
    }
  }

  /** What must hold once the sequence is over: every tracked store is where its entry leads. */
  #atEnd(): void {
    const p = this.#p
    const s = this.state
    for (const { wrote, entries } of p.agents) {
      if (wrote < 0 || s.get(wrote) === 0) continue
      const entry = entries[s.get(wrote) - 1]
      const frame = p.frameOf[entry][s.get(p.current[entry])]
      if (frame >= 0 && s.get(p.written[frame]) === 0) this.#sink.violation(END, V.lostWrite, entry)
      if (p.hasClean && s.get(p.gathered) === 0 && !this.#anyDirty())
        this.#sink.violation(END, V.lostDirty, entry)
    }
  }

  #anyDirty(): boolean {
    const p = this.#p
    for (let entry = 0; entry < p.entries; entry++)
      if (p.made[entry][this.state.get(p.current[entry])] === 1) return true
    return false
  }

  #othersCanMoveOn(): boolean {
    const p = this.#p
    const s = this.state
    for (let cpu = 0; cpu < p.cpus; cpu++)
      if (s.get(p.attempt[cpu]) !== 0 && (cpu === 0 || s.get(p.paused) === 0)) return true
    return false
  }

  #likeTheOneBefore(cpu: number): boolean {
    const { cpuWords, sharedWords } = this.#p
    const at = sharedWords + cpu * cpuWords
    for (let word = 0; word < cpuWords; word++)
      if (this.state.now[at + word] !== this.state.now[at - cpuWords + word]) return false
    return true
  }
}

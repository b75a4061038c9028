/**
 * Breadth-first search over packed states: the first harm found is reached by the fewest transitions.
 * States lie in one array in the order of discovery, which is also the queue; beside each, the number of
 * its parent and what happened. Memory is bounded by the number of states; a search may be stopped and
 * go on where it was.
 */
import { Program, type Fixed, type Reductions } from './program'
import type { Model } from './model'
import type { Sink } from './sink'
import { VIOLATIONS, type Property } from './violation'
import { World } from './world'

/** A harm, and how to get there: the state it was found in and what happened then. */
export interface Found {
  readonly code: number
  readonly entry: number
  readonly state: number
  readonly choice: number
}

export type Status = 'running' | 'complete' | 'found' | 'full'

/** How far a search is. */
export interface Progress {
  readonly states: number
  /** States seen, not yet looked at. */
  readonly frontier: number
  readonly transitions: number
  readonly bytes: number
  /** Choices from the first state to those looked at now. */
  readonly depth: number
}

const FIRST_CAPACITY = 1 << 12

export class Search implements Sink {
  readonly program: Program
  readonly world: World
  /** The first harm of every kind, in the order of discovery. With `all` unset there is at most one. */
  readonly found: Found[] = []
  status: Status = 'running'
  #count = 0
  #head = 0
  #transitions = 0
  #depth = 0
  /** Where the states of this depth end. */
  #levelEnd = 1
  #arena: Int32Array
  #parent: Int32Array
  #choice: Int32Array
  /** Open addressing: number of a state plus 1, or 0. */
  #table: Int32Array
  readonly #words: number
  readonly #maxStates: number
  readonly #all: boolean
  readonly #wanted: readonly boolean[]
  readonly #seen: Uint8Array

  /**
   * @param all look for the first harm of every kind, and go on behind it
   */
  constructor(model: Model, fixed: Fixed, reductions: Reductions, all = false) {
    this.program = new Program(model, fixed, reductions)
    this.world = new World(this.program, this)
    this.#words = this.program.layout.words
    this.#maxStates = model.maxStates
    this.#all = all
    const properties: readonly Property[] = model.properties
    this.#wanted = VIOLATIONS.map(({ property }) => properties.includes(property))
    this.#seen = new Uint8Array(VIOLATIONS.length)
    this.#arena = new Int32Array(FIRST_CAPACITY * this.#words)
    this.#parent = new Int32Array(FIRST_CAPACITY)
    this.#choice = new Int32Array(FIRST_CAPACITY)
    this.#table = new Int32Array(FIRST_CAPACITY * 2)
    this.#parent[0] = -1
    this.world.start()
    this.state(0)
  }

  get progress(): Progress {
    return {
      states: this.#count,
      frontier: this.#count - this.#head,
      transitions: this.#transitions,
      depth: this.#depth,
      bytes:
        this.#arena.byteLength + this.#parent.byteLength + this.#choice.byteLength + this.#table.byteLength
    }
  }

  /** Bytes a state takes: itself, its parent, its choice and its share of the table at half load. */
  get bytesPerState(): number {
    return 4 * (this.#words + 2 + 2)
  }

  /** Looks at up to `budget` states and answers how it stands; call again to go on. */
  run(budget: number): Status {
    const until = Math.min(this.#head + budget, Number.MAX_SAFE_INTEGER)
    while (this.status === 'running' && this.#head < until) {
      if (this.#head === this.#count) {
        this.status = this.found.length > 0 ? 'found' : 'complete'
        break
      }
      if (this.#head === this.#levelEnd) {
        this.#depth++
        this.#levelEnd = this.#count
      }
      this.#load(this.#head)
      this.#head++
      this.world.expand()
    }
    return this.status
  }

  /** Goes on behind a bound. */
  parentOf(state: number): number {
    return this.#parent[state]
  }

  choiceOf(state: number): number {
    return this.#choice[state]
  }

  /** Copies a state into `target`. */
  copyState(state: number, target: Int32Array): void {
    target.set(this.#arena.subarray(state * this.#words, (state + 1) * this.#words))
  }

  state(choice: number): void {
    if (this.status !== 'running') return
    this.#transitions++
    const { next } = this.world.state
    if (this.program.reductions.symmetry && this.program.cpus > 2) canonical(this.program, next)
    let at = hash(next) & (this.#table.length - 1)
    for (let known = this.#table[at]; known !== 0; known = this.#table[at]) {
      if (this.#same(known - 1, next)) return
      at = (at + 1) & (this.#table.length - 1)
    }
    if (this.#count === this.#maxStates) {
      this.status = 'full'
      return
    }
    const number = this.#count++
    if (number > 0 && number === this.#parent.length) this.#grow()
    this.#arena.set(next, number * this.#words)
    this.#parent[number] = number === 0 ? -1 : this.#head - 1
    this.#choice[number] = choice
    if (this.#count * 2 > this.#table.length) this.#rehash()
    else this.#table[at] = number + 1
  }

  violation(choice: number, code: number, entry: number): void {
    if (this.status !== 'running' || !this.#wanted[code] || this.#seen[code] === 1) return
    if (entry >= 0 && !this.program.watched[entry]) return
    this.#seen[code] = 1
    this.found.push({ code, entry, state: this.#head - 1, choice })
    if (!this.#all) this.status = 'found'
  }

  #load(state: number): void {
    const { now } = this.world.state
    const at = state * this.#words
    for (let word = 0; word < this.#words; word++) now[word] = this.#arena[at + word]
  }

  #same(state: number, words: Int32Array): boolean {
    const at = state * this.#words
    for (let word = 0; word < this.#words; word++) if (this.#arena[at + word] !== words[word]) return false
    return true
  }

  #grow(): void {
    const capacity = Math.min(this.#parent.length * 2, this.#maxStates)
    this.#arena = grown(this.#arena, capacity * this.#words)
    this.#parent = grown(this.#parent, capacity)
    this.#choice = grown(this.#choice, capacity)
  }

  #rehash(): void {
    const table = new Int32Array(this.#table.length * 2)
    const mask = table.length - 1
    for (let state = 0; state < this.#count; state++) {
      let at = hashAt(this.#arena, state * this.#words, this.#words) & mask
      while (table[at] !== 0) at = (at + 1) & mask
      table[at] = state + 1
    }
    this.#table = table
  }
}

function grown(old: Int32Array, length: number): Int32Array {
  const next = new Int32Array(length)
  next.set(old)
  return next
}

function hash(words: Int32Array): number {
  return hashAt(words, 0, words.length)
}

/** Multiply and shift over the words, then a final mix. */
function hashAt(words: Int32Array, from: number, count: number): number {
  let h = 0x9e3779b9 | 0
  for (let word = 0; word < count; word++) {
    h = Math.imul(h ^ words[from + word], 0x85ebca6b)
    h ^= h >>> 15
  }
  h = Math.imul(h, 0xc2b2ae35)
  return (h ^ (h >>> 13)) >>> 0
}

/** Sorts the words of the remote CPUs: which of them is which does not matter. */
export function canonical({ cpus, cpuWords, sharedWords }: Program, words: Int32Array): void {
  for (let cpu = 2; cpu < cpus; cpu++)
    for (let at = cpu; at > 1 && less(words, sharedWords + at * cpuWords, cpuWords); at--)
      swap(words, sharedWords + at * cpuWords, cpuWords)
}

/** Whether the group at `at` comes before the one in front of it. */
function less(words: Int32Array, at: number, count: number): boolean {
  for (let word = 0; word < count; word++) {
    const difference = words[at + word] - words[at - count + word]
    if (difference !== 0) return difference < 0
  }
  return false
}

function swap(words: Int32Array, at: number, count: number): void {
  for (let word = 0; word < count; word++) {
    const kept = words[at + word]
    words[at + word] = words[at - count + word]
    words[at - count + word] = kept
  }
}

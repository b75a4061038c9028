/**
 * What is counted between two events, as a number: equal sets of increments get the same one. Events
 * repeat a few patterns ("one write", "a read and a cas"), so one 32-bit lane an event says exactly
 * what all counters are at that event.
 */

/** Numbers of one node: its parent, the counter it adds to, and how much. */
interface Node {
  readonly parent: number
  readonly counter: number
  readonly amount: number
}

/** One increment of a pattern. */
export interface Increment {
  readonly counter: number
  readonly amount: number
}

/** Increments by more than one that are found without a string; a power of two. */
const NEAR = 1024
/** Numbers of one of them: its node, counter and amount, and the pattern they make. */
const NEAR_WIDTH = 4

/** All patterns of a trace: a tree of increments. Node 0 is "nothing was counted". */
export class Patterns {
  readonly #nodes: Node[] = [{ parent: -1, counter: -1, amount: 0 }]
  readonly #children = new Map<string, number>()
  /** Children by an amount of 1, found without a string: at node * counters + counter; 0 for none. */
  #ones: Int32Array
  /** The last child asked for at each of some places: a batch of sixteen repeats itself for the whole of a region. */
  readonly #near = new Float64Array(NEAR * NEAR_WIDTH)
  readonly #lists: (readonly Increment[] | undefined)[] = []

  constructor(
    /** Counters there are. */
    readonly counters: number
  ) {
    this.#ones = new Int32Array(64 * counters)
  }

  get size(): number {
    return this.#nodes.length
  }

  /** The pattern that has one increment more than `node`. */
  next(node: number, counter: number, amount: number): number {
    if (amount === 1) {
      const at = node * this.counters + counter
      return at < this.#ones.length && this.#ones[at] !== 0 ? this.#ones[at] : this.#one(at, node, counter)
    }
    const near = this.#near
    const at = ((node * 61 + counter * 7 + amount) & (NEAR - 1)) * NEAR_WIDTH
    const pattern = near[at + 3]
    // Pattern 0 is nobody's child: a place that is still empty holds nothing.
    if (pattern !== 0 && near[at] === node && near[at + 1] === counter && near[at + 2] === amount)
      return pattern
    near[at] = node
    near[at + 1] = counter
    near[at + 2] = amount
    return (near[at + 3] = this.#far(node, counter, amount))
  }

  /** The increments of a pattern. */
  increments(pattern: number): readonly Increment[] {
    const known = this.#lists[pattern]
    if (known !== undefined) return known
    const list: Increment[] = []
    for (let at = pattern; at > 0; at = this.#nodes[at].parent) {
      const { counter, amount } = this.#nodes[at]
      list.push({ counter, amount })
    }
    return (this.#lists[pattern] = list.reverse())
  }

  /** All nodes but the first as numbers: parent, counter, amount of each. */
  data(): Float64Array {
    return Float64Array.from(
      this.#nodes.slice(1).flatMap(({ parent, counter, amount }) => [parent, counter, amount])
    )
  }

  /** Takes over what `data` answered; nothing may be added afterwards. */
  load(data: Float64Array): void {
    for (let at = 0; at < data.length; at += 3) this.#add(data[at], data[at + 1], data[at + 2])
  }

  /** Bytes, roughly. */
  get bytes(): number {
    return this.#nodes.length * 64 + this.#ones.byteLength + this.#near.byteLength
  }

  #far(node: number, counter: number, amount: number): number {
    const key = `${node} ${counter} ${amount}`
    const known = this.#children.get(key)
    if (known !== undefined) return known
    const added = this.#add(node, counter, amount)
    this.#children.set(key, added)
    return added
  }

  #one(at: number, node: number, counter: number): number {
    if (at >= this.#ones.length) {
      const grown = new Int32Array(2 * (at + 1))
      grown.set(this.#ones)
      this.#ones = grown
    }
    return (this.#ones[at] = this.#add(node, counter, 1))
  }

  #add(parent: number, counter: number, amount: number): number {
    return this.#nodes.push({ parent, counter, amount }) - 1
  }
}

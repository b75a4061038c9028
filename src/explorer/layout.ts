/** Packed states: fields of a few bits in a few 32-bit words, none across two words. */
export class Layout {
  /** By field: word, shift and mask. */
  readonly word: number[] = []
  readonly shift: number[] = []
  readonly mask: number[] = []
  #free: number[] = []
  #words = 0

  /** Words so far. */
  get words(): number {
    return this.#words
  }

  /** A field for `count` values; one value takes no bits, reads 0 and may only be given 0. */
  add(count: number): number {
    const bits = Math.ceil(Math.log2(Math.max(count, 1)))
    return this.addBits(bits)
  }

  /** A field of so many bits, at most 31. */
  addBits(bits: number): number {
    if (bits > 31) throw new Error(`a field of ${bits} bits`)
    let word = bits === 0 ? 0 : this.#free.findIndex((free) => free >= bits)
    if (word < 0) {
      word = this.#words++
      this.#free[word] = 32
    }
    const free = this.#free[word] ?? 32
    this.word.push(word)
    this.shift.push(bits === 0 ? 0 : 32 - free)
    this.mask.push(2 ** bits - 1)
    if (bits > 0) this.#free[word] = free - bits
    return this.word.length - 1
  }

  /** What comes next begins in a word of its own. */
  close(): void {
    this.#free = this.#free.map(() => 0)
    if (this.#words === 0) {
      this.#words = 1
      this.#free[0] = 0
    }
  }
}

/** The state that is looked at, the one that is being made of it, and their fields. */
export class PackedState {
  readonly words: number
  readonly now: Int32Array
  readonly next: Int32Array
  readonly #word: Int32Array
  readonly #shift: Int32Array
  readonly #mask: Int32Array

  constructor(layout: Layout) {
    this.words = layout.words
    this.now = new Int32Array(layout.words)
    this.next = new Int32Array(layout.words)
    this.#word = Int32Array.from(layout.word)
    this.#shift = Int32Array.from(layout.shift)
    this.#mask = Int32Array.from(layout.mask)
  }

  get(field: number): number {
    return (this.now[this.#word[field]] >>> this.#shift[field]) & this.#mask[field]
  }

  /** Of the state under way. */
  getNext(field: number): number {
    return (this.next[this.#word[field]] >>> this.#shift[field]) & this.#mask[field]
  }

  put(field: number, value: number): void {
    const word = this.#word[field]
    const shift = this.#shift[field]
    this.next[word] = (this.next[word] & ~(this.#mask[field] << shift)) | (value << shift)
  }

  /** A successor begins as a copy. */
  begin(): void {
    this.next.set(this.now)
  }
}

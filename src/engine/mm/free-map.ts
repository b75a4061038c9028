/**
 * A set of block numbers that answers its smallest member in a few steps: a bitmap under bitmaps of
 * "this word is not empty". Grows as larger numbers are put in.
 */
export class FreeMap {
  /** Level 0 holds the members, level n+1 one bit a word of level n. */
  readonly levels: Int32Array[] = [new Int32Array(1)]
  size = 0

  has(block: number): boolean {
    const word = block >>> 5
    return word < this.levels[0].length && (this.levels[0][word] & (1 << (block & 31))) !== 0
  }

  add(block: number): void {
    this.#reach(block)
    this.size++
    let bit = block
    for (const level of this.levels) {
      const word = bit >>> 5
      const before = level[word]
      level[word] = before | (1 << (bit & 31))
      if (before !== 0) return
      bit = word
    }
  }

  delete(block: number): void {
    this.size--
    let bit = block
    for (const level of this.levels) {
      const word = bit >>> 5
      level[word] &= ~(1 << (bit & 31))
      if (level[word] !== 0) return
      bit = word
    }
  }

  /** The smallest member, or -1. */
  first(): number {
    if (this.size === 0) return -1
    let word = 0
    for (let level = this.levels.length - 1; level >= 0; level--) {
      const bits = this.levels[level][word]
      word = (word << 5) | (31 - Math.clz32(bits & -bits))
    }
    return word
  }

  /** The largest member, or -1. */
  last(): number {
    if (this.size === 0) return -1
    let word = 0
    for (let level = this.levels.length - 1; level >= 0; level--) {
      word = (word << 5) | (31 - Math.clz32(this.levels[level][word]))
    }
    return word
  }

  get bytes(): number {
    return this.levels.reduce((sum, level) => sum + level.byteLength, 0)
  }

  /** Makes room for `block`: doubles level 0 and adds levels until the top is one word. */
  #reach(block: number): void {
    if (block >>> 5 < this.levels[0].length) return
    let words = this.levels[0].length
    while (block >>> 5 >= words) words *= 2
    for (let level = 0; ; level++) {
      const old = this.levels[level]
      const grown = new Int32Array(words)
      if (old !== undefined) grown.set(old)
      else grown[0] = this.levels[level - 1][0] === 0 ? 0 : 1
      this.levels[level] = grown
      if (words === 1) return
      words = (words + 31) >>> 5
    }
  }
}
